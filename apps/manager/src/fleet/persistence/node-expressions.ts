/**
 * How a node stands, as SQL over `b` (its row of node_beats), `n` (of nodes) and `m` (the norm of its device type). Lists,
 * filters, counts and the view of one node all use these: two readings of one rule would sooner or later differ.
 */
import type { DeviceTypeNorm } from '../device-type-norm.ts';
import { RESPAWNING } from '../../upgrades/index.ts';
import type { Conditions } from './conditions.ts';

export interface SilenceLimits {
  readonly staleAfterMs: number;
  readonly offlineAfterMs: number;
}

export interface Moment {
  readonly now: Date;
  readonly limits: SilenceLimits;
  readonly norms: ReadonlyMap<string, DeviceTypeNorm>;
}

/**
 * By its beats alone, never stored: a node that falls silent cannot tell anybody, and neither can a manager that was away. A node
 * that disconnected in the middle of an activation is respawning, which is no outage, until its upgrade ends one way or the other.
 */
export function connectionOf(values: Conditions, { now, limits }: Pick<Moment, 'now' | 'limits'>): string {
  const before = (ms: number): string => values.value(new Date(now.getTime() - ms));
  return `CASE WHEN b.last_beat_at IS NULL THEN 'never'
    WHEN b.node_id IN (SELECT u.node_id FROM upgrades u JOIN node_sessions s ON s.node_id = u.node_id
      WHERE u.finished_at IS NULL AND u.state = ANY(${values.value(RESPAWNING)}) AND s.disconnected_at IS NOT NULL) THEN 'respawning'
    WHEN b.last_beat_at < ${before(limits.offlineAfterMs)}::timestamptz THEN 'offline'
    WHEN b.last_beat_at < ${before(limits.staleAfterMs)}::timestamptz THEN 'stale'
    ELSE 'online' END`;
}

/** To be joined as `m` where a flag is read. */
export function joinNorms(values: Conditions, { norms }: Pick<Moment, 'norms'>): string {
  const all = [...norms];
  const lists = [
    `${values.value(all.map(([type]) => type))}::text[]`,
    `${values.value(all.map(([, norm]) => norm.newestSequence))}::bigint[]`,
    `${values.value(all.map(([, norm]) => norm.usualTrust))}::text[]`,
    `${values.value(all.map(([, norm]) => norm.newestGuard))}::text[]`,
  ];
  return `LEFT JOIN unnest(${lists.join(', ')}) AS m(device_type, sequence, trust, guard) ON m.device_type = b.device_type`;
}

export const FLAGS = {
  behind_sequence: 'coalesce(b.highest_sequence < m.sequence, false)',
  trust_differs: 'coalesce(b.trust_fingerprint <> m.trust, false)',
  guard_outdated: 'coalesce(b.guard_key < m.guard, false)',
} as const;

export const inMaintenance = (values: Conditions, { now }: Pick<Moment, 'now'>): string =>
  `coalesce(b.maintenance_until > ${values.value(now)}::timestamptz, false)`;
