import type { Connection, NodeView } from '@tidegate/contract-api';
import { nodeId } from '@tidegate/contract-protocol';
import { badgeOf, mayRespawn, viewOfUpgrade, type UpgradeRecord } from '../upgrades/index.ts';
import { standingOf, type DeviceTypeNorm } from './device-type-norm.ts';
import type { NodeRow } from './persistence/node-list.ts';

export interface SilenceLimits {
  readonly staleAfterMs: number;
  readonly offlineAfterMs: number;
}

export const lastSeenOf = (row: Pick<NodeRow, 'last_beat_at' | 'connected_at'>): Date | null => {
  const times = [row.last_beat_at, row.connected_at].flatMap((time) => (time ? [time.getTime()] : []));
  return times.length === 0 ? null : new Date(Math.max(...times));
};

/**
 * Derived, never stored: a node that falls silent cannot tell anybody. A node that disconnects in the middle of an activation
 * is respawning, which is no outage, until its upgrade ends one way or the other.
 */
export function connectionOf(
  row: Pick<NodeRow, 'last_beat_at' | 'connected_at' | 'disconnected_at'>,
  upgrade: Pick<UpgradeRecord, 'state'> | undefined,
  now: Date,
  limits: SilenceLimits,
): Connection {
  const seen = lastSeenOf(row);
  if (!seen) return 'never';
  if (row.disconnected_at && upgrade && mayRespawn(upgrade.state)) return 'respawning';
  const silentMs = now.getTime() - seen.getTime();
  if (silentMs > limits.offlineAfterMs) return 'offline';
  return silentMs > limits.staleAfterMs ? 'stale' : 'online';
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** A report that a newer or broken node sent in another shape must not take the page down: what does not fit is left out. */
export function viewOfNode(
  row: NodeRow,
  upgrade: UpgradeRecord | undefined,
  { now, limits, norm }: { readonly now: Date; readonly limits: SilenceLimits; readonly norm: DeviceTypeNorm | undefined },
): NodeView {
  const report = row.report ?? {};
  const checks = list(report['checks']) as { id?: unknown; ok?: unknown }[];
  return {
    id: nodeId.parse(row.id),
    name: row.name,
    group: row.group,
    device_type: row.device_type,
    software_version: row.software_version,
    committed_version: text(report['committed_version']),
    previous_version: text(report['previous_version']),
    badge: badgeOf(upgrade),
    connection: connectionOf(row, upgrade, now, limits),
    last_seen_at: lastSeenOf(row)?.toISOString() ?? null,
    enrolled_at: row.enrolled_at.toISOString(),
    capabilities: list(report['capabilities']).filter((entry) => typeof entry === 'string'),
    os: row.os ?? '',
    arch: row.arch ?? '',
    guard_version: text(report['guard_version']),
    trust_fingerprint: text(report['trust_fingerprint']),
    trust_purpose: text(report['trust_purpose']),
    ...standingOf({ sequence: number(report['highest_sequence']), trust: text(report['trust_fingerprint']) }, norm),
    failing_checks: checks.flatMap((check) => (check.ok === false && typeof check.id === 'string' ? [check.id] : [])),
    upgrade: upgrade ? viewOfUpgrade(upgrade) : null,
  };
}
