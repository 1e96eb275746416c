export { holdActivation, windowIsOpen, type ActivationHold } from './activation-gate.ts';
export { compareVersions } from './compare-versions.ts';
export { gateManifest } from './manifest-gate.ts';
export {
  WEEKDAYS,
  type AppliedMigration,
  type AttemptAges,
  type MaintenanceWindow,
  type NodeMemory,
  type NodeSelf,
  type SkippedRelease,
  type UpgradePolicy,
  type UpgradeRequest,
  type Weekday,
} from './policy.ts';
export { gateRequest, MAX_SKIPPED_RETRIES, type AttemptKind } from './request-gate.ts';
