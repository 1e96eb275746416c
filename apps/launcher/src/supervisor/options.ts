/** What a supervised service is, in the words of the systemd directives it stands in for. All times in milliseconds. */
export interface ServiceOptions {
  /** Unit name without suffix; for a guarded service also the name of its entry point. */
  readonly name: string;
  /** `notify`: started once it writes `READY=1` to the descriptor in `TIDEGATE_NOTIFY_FD`. `simple`: started once spawned. */
  readonly type: 'notify' | 'simple';
  /** ExecStart: a program by absolute path or on PATH, and its arguments. A guarded service names `<runDir>/start/bin/<name>`. */
  readonly execStart: readonly [string, ...string[]];
  readonly cwd?: string;
  /** The whole environment but for what the supervisor adds (docs/node-disk.md, "Environment of a service"). */
  readonly env: Readonly<Record<string, string>>;
  /** TimeoutStartSec, counted until READY=1. Default 90 000. Applies to `notify` only. */
  readonly startTimeoutMs?: number;
  /** TimeoutStopSec: from SIGTERM to SIGKILL. Default 5000. */
  readonly stopTimeoutMs?: number;
  /** WatchdogSec, counted from READY=1. Default 0: none. Applies to `notify` only. */
  readonly watchdogMs?: number;
  /** RestartSec. Default 100. */
  readonly restartDelayMs?: number;
  /** More than `burst` starts within `intervalMs` grow the delay; `burst` 0, the default, never does. It never gives up. */
  readonly startLimit?: StartLimit;
  readonly guard?: GuardOptions;
  /** Standard output and error of the service and of the guard. */
  readonly log: { readonly file: string; readonly maxBytes?: number };
  readonly onEvent?: (event: ServiceEvent) => void;
}

export interface StartLimit {
  readonly burst: number;
  readonly intervalMs: number;
  /** Longest delay that the growth may reach. Default 30 000. */
  readonly maxDelayMs?: number;
}

/** The boot guard runs before every start (`pre`) and while a trial or a prune request exists (`judge`). */
export interface GuardOptions {
  /** e.g. `['/…/apps/boot-guard/guard']`, or a shell before it. */
  readonly command: readonly [string, ...string[]];
  readonly root: string;
  readonly guardDir: string;
  readonly runDir: string;
  /** Default 1000. */
  readonly judgeIntervalMs?: number;
}

/** The words of `systemctl show -p ActiveState`. The wait before a restart is `activating`, as there. */
export type ActiveState = 'inactive' | 'activating' | 'active' | 'deactivating';

export type ServiceEvent =
  | { readonly type: 'started'; readonly pid: number; readonly invocationId: string }
  | { readonly type: 'ready'; readonly afterMs: number }
  | { readonly type: 'start_timeout'; readonly afterMs: number }
  /** `fed`: false when not a single WATCHDOG=1 came since READY=1. */
  | { readonly type: 'watchdog'; readonly fed: boolean; readonly afterMs: number }
  | { readonly type: 'exited'; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  /** Nothing could be spawned; `code` as Node names it, e.g. EAGAIN. A missing program is `exited` with code 127 where setpriv starts it. */
  | { readonly type: 'spawn_failed'; readonly code: string }
  /** The guard was killed or could not run; the service is not started without it. */
  | { readonly type: 'pre_failed'; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly type: 'restarting'; readonly delayMs: number }
  | GuardVerdict
  /** The service's own word on its state, as `systemctl status` shows it; at most 200 characters. */
  | { readonly type: 'status'; readonly text: string }
  | { readonly type: 'stopped' };

/** The guard's `verdict` file, once per trial. */
export interface GuardVerdict {
  readonly type: 'verdict';
  readonly verdict: 'committed' | 'reverted';
  readonly attempt: string;
  readonly target: string;
  readonly from: string;
  readonly reason: string;
}
