import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createPartialDownloads, createSlotStore, createSnapshotStore, createStateFile, type EventSpool } from '@tidegate/adapter-slots-fs';
import { attemptId } from '@tidegate/contract-protocol';
import type { UpgradePolicy } from '@tidegate/domain-version-policy';
import { createUpgradeEngine, type Clock, type SlotStore, type TrialSettings, type UpgradeEngine } from '@tidegate/engine-upgrade';
import type { EdgeConfig } from '../config/edge-config.ts';
import { AGENT_VERSION, DEVICE_TYPE, VARIANT } from '../build-facts.ts';
import { SERVICE, type EdgeEnvironment } from '../environment.ts';
import type { HealthChecks } from './checks.ts';
import { uptimeSecs } from './host.ts';
import { lazyTreeVerifier, lazyUnpacker, lazyVerifier } from './lazy-parts.ts';
import { log } from './log.ts';
import { lazyPrograms } from './programs.ts';
import { lazySource } from './release-sources.ts';

export interface UpgradeWiring {
  readonly environment: EdgeEnvironment;
  readonly config: EdgeConfig;
  readonly bootId: string;
  readonly spool: EventSpool;
  /** As the manager last set it. */
  readonly beatIntervalSecs: () => number;
  readonly onEvent: () => void;
  readonly checks: HealthChecks;
  readonly extendStart: (secs: number) => void;
  readonly restart: () => void;
}

export function wireUpgradeEngine(wiring: UpgradeWiring): { engine: UpgradeEngine; slots: SlotStore } {
  const { environment, bootId } = wiring;
  const { upgrade } = wiring.config;
  const { root, guardDir, invocation } = environment;
  const dataDir = upgrade.data_dir ?? join(root, 'data');
  const slots = createSlotStore({ root, guardDir, service: SERVICE, bootId, invocation });
  const engine = createUpgradeEngine({
    slots,
    snapshots: createSnapshotStore({ root, dataDir }),
    partials: createPartialDownloads(root),
    ...lazyPrograms(environment, dataDir),
    localChecks: () => wiring.checks.run(),
    extendStart: wiring.extendStart,
    stateStore: createStateFile(join(root, 'state.json')),
    source: lazySource(wiring.config),
    verifier: lazyVerifier(),
    unpacker: lazyUnpacker(),
    verifyTree: lazyTreeVerifier,
    events: {
      async append(event) {
        await wiring.spool.append(event);
        wiring.onEvent();
      },
    },
    clock: clockOf(bootId),
    policy: policyOf(upgrade),
    trial: trialOf(upgrade, wiring.beatIntervalSecs),
    keepVersions: upgrade.keep_versions,
    self: {
      deviceType: DEVICE_TYPE,
      arch: process.arch,
      variant: VARIANT,
      agentVersion: AGENT_VERSION,
      envNames: new Set(environment.names),
    },
    newAttemptId: () => attemptId.parse(randomUUID()),
    // Nothing is served on this node but the link, and that is closed on the way out.
    drain: () => Promise.resolve(),
    restart: wiring.restart,
    log: (message, details) => log('info', message, details),
  });
  return { engine, slots };
}

const clockOf = (bootId: string): Clock => ({
  now: () => new Date(),
  uptimeSecs,
  bootId: () => bootId,
  every(periodMs, callback) {
    const timer = setInterval(callback, periodMs);
    return () => clearInterval(timer);
  },
});

const policyOf = (upgrade: EdgeConfig['upgrade']): UpgradePolicy => ({
  enabled: upgrade.enabled,
  allowedChannels: upgrade.allowed_channels,
  minVersion: upgrade.min_version,
  rollbackGrace: upgrade.rollback_grace,
  allowMajor: upgrade.allow_major,
  maxAttemptsPerDay: upgrade.max_attempts_per_day,
  minAttemptIntervalSecs: upgrade.min_attempt_interval_secs,
  manualOnly: upgrade.manual_only,
  maintenanceWindow: windowOf(upgrade.maintenance_window),
});

function windowOf(window: EdgeConfig['upgrade']['maintenance_window']): UpgradePolicy['maintenanceWindow'] {
  if (window === null) return null;
  const { days, from, to, time_zone: zone } = window;
  return { days, from, to, timeZone: zone === 'local' ? Intl.DateTimeFormat().resolvedOptions().timeZone : zone };
}

const trialOf = (upgrade: EdgeConfig['upgrade'], beatIntervalSecs: () => number): TrialSettings => ({
  windowSecs: upgrade.boot_health_window_secs,
  maxSecs: upgrade.boot_health_max_secs,
  maxBootAttempts: upgrade.max_boot_attempts,
  // Read at activation, not now: the guard judges by the interval that holds then.
  get beatIntervalSecs() {
    return Math.min(300, Math.max(1, Math.ceil(beatIntervalSecs())));
  },
});
