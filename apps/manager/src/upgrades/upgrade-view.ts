import type { UpgradeState, UpgradeView, VersionBadge } from '@tidegate/contract-api';
import { nodeId } from '@tidegate/contract-protocol';
import { hasEnded, type UpgradeRecord } from './upgrade-life.ts';

export const viewOfUpgrade = (record: UpgradeRecord): UpgradeView => ({
  id: record.id,
  node_id: nodeId.parse(record.nodeId),
  action: record.action,
  version: record.version,
  channel: record.channel,
  from_version: record.fromVersion,
  expected_manifest_sha256: record.expectedManifestSha256,
  retry_skipped: record.retrySkipped,
  state: record.state,
  progress: record.progress,
  error_code: record.errorCode,
  error_details: { ...record.errorDetails },
  requested_by: record.requestedBy,
  requested_at: record.requestedAt.toISOString(),
  deadline_at: record.deadlineAt.toISOString(),
  finished_at: record.finishedAt?.toISOString() ?? null,
  steps: [...record.steps],
});

const ENDED_BADGE = { committed: 'updated', rolled_back: 'rolled_back', failed: 'upgrade_failed', refused: 'upgrade_refused' } as const;

/** The newest upgrade of a node in one word; null for a node without one. */
export function badgeKindOf(state: UpgradeState | null): VersionBadge['kind'] {
  if (state === null) return 'none';
  return hasEnded(state) ? ENDED_BADGE[state] : 'upgrading';
}

/** What stands beside the version: the newest upgrade in one word. */
export function badgeOf(record: UpgradeRecord | undefined): VersionBadge {
  if (!record) return { kind: 'none', phase: null, to_version: null, error_code: null, since: null };
  const { state, version: to_version, errorCode: error_code } = record;
  const kind = badgeKindOf(state);
  if (!hasEnded(state)) return { kind, phase: state, to_version, error_code: null, since: record.requestedAt.toISOString() };
  return { kind, phase: null, to_version, error_code, since: record.finishedAt?.toISOString() ?? null };
}
