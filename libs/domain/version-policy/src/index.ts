export { compareVersions } from './compare-versions.ts';
export { gateManifest } from './manifest-gate.ts';
export type { AttemptAges, NodeMemory, NodeSelf, SkippedRelease, UpgradePolicy, UpgradeRequest } from './policy.ts';
export { gateRequest, MAX_SKIPPED_RETRIES, type AttemptKind } from './request-gate.ts';
