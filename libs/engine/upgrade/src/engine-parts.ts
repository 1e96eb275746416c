import type { AttemptId } from '@tidegate/contract-protocol';
import type { NodeSelf, UpgradePolicy } from '@tidegate/domain-version-policy';
import type { ArtefactUnpacker } from './ports/artefact-unpacker.ts';
import type { ManifestVerifier } from './ports/manifest-verifier.ts';
import type { PartialDownloads } from './ports/partial-downloads.ts';
import type { CheckResult, HealthChecks, MigrationRunner } from './ports/programs.ts';
import type { ReleaseSource } from './ports/release-source.ts';
import type { SlotStore } from './ports/slot-store.ts';
import type { SnapshotStore } from './ports/snapshot-store.ts';
import type { StateStore } from './ports/state-store.ts';
import type { Clock, EventSink, TreeVerifier } from './ports/surroundings.ts';

/** How a trial is judged, from the node's policy; handed to the guard with the intent. */
export interface TrialSettings {
  readonly windowSecs: number;
  readonly maxSecs: number;
  readonly maxBootAttempts: number;
  readonly beatIntervalSecs: number;
}

export interface EngineParts {
  readonly slots: SlotStore;
  readonly snapshots: SnapshotStore;
  readonly partials: PartialDownloads;
  readonly stateStore: StateStore;
  readonly source: ReleaseSource;
  readonly verifier: ManifestVerifier;
  readonly unpacker: ArtefactUnpacker;
  readonly verifyTree: TreeVerifier;
  readonly migrations: MigrationRunner;
  readonly health: HealthChecks;
  /** Checks of the process itself; cheap, and asked often during a trial. */
  readonly localChecks: () => readonly CheckResult[];
  readonly events: EventSink;
  readonly clock: Clock;
  readonly policy: UpgradePolicy;
  readonly trial: TrialSettings;
  readonly keepVersions: number;
  readonly self: Omit<NodeSelf, 'guardVersion'>;
  readonly newAttemptId: () => AttemptId;
  /** Finish what is being served, before `current` is swapped. */
  readonly drain: () => Promise<void>;
  /** Tells the supervisor that this start takes longer by so much; a migration must not be killed by its start limit. */
  readonly extendStart: (secs: number) => void;
  /** Exit, to be started again through `current`. */
  readonly restart: () => void;
  readonly log: (message: string, details?: Readonly<Record<string, unknown>>) => void;
}
