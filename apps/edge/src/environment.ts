import { join } from 'node:path';

/** What the supervisor gives the agent; docs/node-disk.md has the contract. Only this file reads the environment. */
export interface EdgeEnvironment {
  readonly root: string;
  readonly guardDir: string;
  /** As process 1 knows it. A sandbox's own /proc shows a container's agent the boot id of the machine outside. */
  readonly bootId: string | undefined;
  /** How long the supervisor lets a start take, as it was given; checked with the configuration. */
  readonly startTimeoutSecs: string | undefined;
  /** Ties testimony to this start. */
  readonly invocation: string;
  readonly notify: {
    readonly NOTIFY_SOCKET: string | undefined;
    readonly TIDEGATE_NOTIFY_FD: string | undefined;
    readonly WATCHDOG_USEC: string | undefined;
  };
  /** What programs of a release are given of it, and no more: docs/manifest-programs.md. */
  readonly forPrograms: { readonly PATH: string; readonly HOME: string; readonly LANG: string; readonly TIDEGATE_ROOT: string };
  /** Names only. */
  readonly names: readonly string[];
}

/** Also the name of the entry point, `bin/<service>`, and the device type this agent is. */
export const SERVICE = 'tidegate-edge';

export function readEnvironment(env: NodeJS.ProcessEnv): EdgeEnvironment {
  const root = env['TIDEGATE_ROOT'] ?? join('/opt/tidegate', SERVICE);
  return {
    root,
    guardDir: env['TIDEGATE_GUARD_DIR'] ?? join('/var/lib/tidegate-guard', SERVICE),
    bootId: env['TIDEGATE_BOOT_ID'],
    startTimeoutSecs: env['TIDEGATE_START_TIMEOUT_SECS'],
    invocation: env['INVOCATION_ID'] ?? '',
    notify: {
      NOTIFY_SOCKET: env['NOTIFY_SOCKET'],
      TIDEGATE_NOTIFY_FD: env['TIDEGATE_NOTIFY_FD'],
      WATCHDOG_USEC: env['WATCHDOG_USEC'],
    },
    forPrograms: {
      PATH: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
      HOME: env['HOME'] ?? '/',
      LANG: env['LANG'] ?? 'C.UTF-8',
      TIDEGATE_ROOT: root,
    },
    names: Object.keys(env),
  };
}
