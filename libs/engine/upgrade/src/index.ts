export type { EngineParts, TrialSettings } from './engine-parts.ts';
export { emptyState, nodeState, type AttemptRecord, type NodeState } from './node-state.ts';
export type { ArtefactUnpacker, UnpackProgress } from './ports/artefact-unpacker.ts';
export type { ManifestVerifier, VerifiedManifest } from './ports/manifest-verifier.ts';
export type { PartialDownload, PartialDownloads } from './ports/partial-downloads.ts';
export type { CheckResult, HealthCheck, HealthChecks, Migration, MigrationRunner } from './ports/programs.ts';
export type { ReleaseSource, Statement } from './ports/release-source.ts';
export {
  STATEMENT_FILES,
  type GuardVerdict,
  type InstalledStatement,
  type SlotLinks,
  type SlotStore,
  type Space,
  type Testimony,
  type TrialIntent,
} from './ports/slot-store.ts';
export type { SnapshotMark, SnapshotStore } from './ports/snapshot-store.ts';
export type { StateStore } from './ports/state-store.ts';
export type { Clock, EventSink, TreeVerifier } from './ports/surroundings.ts';
export { createUpgradeEngine, type EngineFacts, type LocalRequest, type UpgradeEngine } from './upgrade-engine.ts';
