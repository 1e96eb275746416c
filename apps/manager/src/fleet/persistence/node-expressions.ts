/**
 * How a node stands, as SQL over `b`, its row of node_beats. Lists, filters, counts and the view of one node all use these: two readings of one rule would sooner or later differ.
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

export const FLAG_NAMES = ['behind_sequence', 'trust_differs', 'guard_outdated'] as const;
export type FlagName = (typeof FLAG_NAMES)[number];

const FLAGS: Readonly<Record<FlagName, (norm: DeviceTypeNorm, value: (given: unknown) => string) => string | null>> = {
  behind_sequence: (norm, value) => (norm.newestSequence === null ? null : `b.highest_sequence < ${value(norm.newestSequence)}::bigint`),
  trust_differs: (norm, value) => (norm.usualTrust === null ? null : `b.trust_fingerprint <> ${value(norm.usualTrust)}::text`),
  guard_outdated: (norm, value) => (norm.newestGuard === null ? null : `b.guard_key < ${value(norm.newestGuard)}::text`),
};

/**
 * True, or not true: false or null. Against the norms of the few device types there are, in plain comparisons: a join would cost more
 * than the whole scan, and of a CASE the planner believes that half of all rows match.
 */
export function flagOf(name: FlagName, values: Conditions, { norms }: Pick<Moment, 'norms'>): string {
  const cases = [...norms].flatMap(([type, norm]) => {
    const expression = FLAGS[name](norm, (given) => values.value(given));
    return expression === null ? [] : [`(b.device_type = ${values.value(type)} AND ${expression})`];
  });
  return cases.length === 0 ? 'false' : `(${cases.join(' OR ')})`;
}

/** True, or not true. */
export const inMaintenance = (values: Conditions, { now }: Pick<Moment, 'now'>): string =>
  `(b.maintenance_until > ${values.value(now)}::timestamptz)`;
