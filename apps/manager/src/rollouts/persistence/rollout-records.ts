import type { ListRollouts, RolloutCounts, RolloutTransition } from '@tidegate/contract-api';
import { NO_COUNTS } from '@tidegate/domain-rollout';
import type { EntityManager } from 'typeorm';
import type { RolloutRecord } from '../rollout-record.ts';
import { recordOf, type RolloutRow } from './rollout-rows.ts';

const one = (rows: readonly RolloutRow[]): RolloutRecord | null => (rows[0] ? recordOf(rows[0]) : null);

/** @returns false when another one of this group and device type still runs. */
export async function insertRollout(em: EntityManager, record: RolloutRecord): Promise<boolean> {
  const { rollout, pins } = record;
  const rows = await em.query<unknown[]>(
    `INSERT INTO rollouts (id, group_id, device_type, version, channel, strategy, phase, reason, waits_for, wave, waves, acknowledged,
       approved, manifest_sha256, source_revision, tag_commit, provenance, created_by, created_by_id, created_at, changed_at, next_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20, $20)
     ON CONFLICT (group_id, device_type) WHERE ended_at IS NULL DO NOTHING RETURNING id`,
    [
      record.id,
      record.groupId,
      record.deviceType,
      record.version,
      record.channel,
      JSON.stringify(rollout.strategy),
      rollout.phase,
      rollout.reason,
      record.waitsFor,
      rollout.wave,
      rollout.waves,
      rollout.acknowledged,
      rollout.approved,
      pins.manifest_sha256,
      pins.source_revision,
      pins.tag_commit,
      pins.provenance,
      record.createdByName,
      rollout.createdBy,
      record.createdAt,
    ],
  );
  return rows.length > 0;
}

/** Whoever holds this row decides: a claim, a pass and an act wait for each other here. */
export const lockRollout = async (em: EntityManager, id: string): Promise<RolloutRecord | null> =>
  one(await em.query<RolloutRow[]>('SELECT * FROM rollouts WHERE id = $1 FOR UPDATE', [id]));

export const lockActive = async (em: EntityManager, groupId: string, deviceType: string): Promise<RolloutRecord | null> =>
  one(
    await em.query<RolloutRow[]>('SELECT * FROM rollouts WHERE group_id = $1 AND device_type = $2 AND ended_at IS NULL FOR UPDATE', [
      groupId,
      deviceType,
    ]),
  );

/** One that is due and that nobody is at; leases by the database's clock, the only one that all replicas share. */
export const lockDue = async (em: EntityManager, now: Date): Promise<RolloutRecord | null> =>
  one(
    await em.query<RolloutRow[]>(
      `SELECT * FROM rollouts WHERE next_at <= $1 AND (lease_until IS NULL OR lease_until < clock_timestamp())
        ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
      [now],
    ),
  );

/** Keeps others away while something is looked at outside of a transaction. @returns the fence of this claim */
export async function leaseRollout(em: EntityManager, id: string, replicaId: string, ttlMs: number): Promise<number> {
  const [rows] = await em.query<[{ fence: string }[], number]>(
    `UPDATE rollouts SET lease_replica = $2, lease_until = clock_timestamp() + $3 * interval '1 millisecond', fence = fence + 1
      WHERE id = $1 RETURNING fence`,
    [id, replicaId, ttlMs],
  );
  return Number(rows[0]?.fence ?? 0);
}

/** Of replicas that died while they looked at something. */
export const endLeases = async (em: EntityManager, replicaIds: readonly string[]): Promise<void> =>
  void (await em.query('UPDATE rollouts SET lease_replica = NULL, lease_until = NULL WHERE lease_replica = ANY($1::uuid[])', [replicaIds]));

/** Null when somebody acted, or took it over, since it was leased. */
export const lockLeased = async (em: EntityManager, id: string, fence: number): Promise<RolloutRecord | null> =>
  one(await em.query<RolloutRow[]>('SELECT * FROM rollouts WHERE id = $1 AND fence = $2 FOR UPDATE', [id, fence]));

export interface RolloutChange {
  readonly record: RolloutRecord;
  /** When a replica looks at it again; null: when somebody asks for something. */
  readonly nextAt: Date | null;
}

/** The lease ends with it, and whoever holds an older fence finds that they do not any more. */
export async function saveRollout(em: EntityManager, { record, nextAt }: RolloutChange): Promise<void> {
  const { rollout } = record;
  const timeOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));
  await em.query(
    `UPDATE rollouts SET phase = $2, reason = $3, waits_for = $4, wave = $5, settle_until = $6, catch_up_until = $7, acknowledged = $8,
       approved = $9, changed_at = $10, ended_at = $11, look_at = $12, next_at = $13, lease_replica = NULL, lease_until = NULL,
       fence = fence + 1 WHERE id = $1`,
    [
      record.id,
      rollout.phase,
      rollout.reason,
      record.waitsFor,
      rollout.wave,
      timeOf(rollout.settleUntilMs),
      timeOf(rollout.catchUpUntilMs),
      rollout.acknowledged,
      rollout.approved,
      record.changedAt,
      record.endedAt,
      record.lookAt,
      nextAt,
    ],
  );
}

/** After a fault: tried again then, by whoever comes first. */
export const putOff = async (em: EntityManager, id: string, nextAt: Date): Promise<void> =>
  void (await em.query('UPDATE rollouts SET next_at = $2, lease_until = NULL, fence = fence + 1 WHERE id = $1 AND next_at IS NOT NULL', [
    id,
    nextAt,
  ]));

/** Latecomers of what ran here before are not sent to a version that is no longer wanted. */
export const endCatchUps = async (em: EntityManager, groupId: string, deviceType: string, now: Date): Promise<void> =>
  void (await em.query(
    `UPDATE rollouts SET catch_up_until = NULL, waits_for = 'nothing', look_at = NULL, next_at = $3
      WHERE group_id = $1 AND device_type = $2 AND catch_up_until IS NOT NULL`,
    [groupId, deviceType, now],
  ));

/** Whether this very artefact has completed a rollout in a group. */
export async function hasSettledIn(em: EntityManager, groupId: string, manifestSha256: string): Promise<boolean> {
  const rows = await em.query<unknown[]>(
    `SELECT 1 FROM rollouts WHERE group_id = $1 AND manifest_sha256 = $2 AND phase = 'completed' LIMIT 1`,
    [groupId, manifestSha256],
  );
  return rows.length > 0;
}

export interface TransitionRecord extends Omit<RolloutTransition, 'at'> {
  readonly rolloutId: string;
  readonly at: Date;
}

export const insertTransition = async (em: EntityManager, transition: TransitionRecord): Promise<void> =>
  void (await em.query(
    'INSERT INTO rollout_transitions (rollout_id, from_phase, to_phase, reason, wave, actor, at) VALUES ($1, $2, $3, $4, $5, $6, $7)',
    [transition.rolloutId, transition.from, transition.to, transition.reason, transition.wave, transition.actor, transition.at],
  ));

/** Newest first. */
export async function readTransitions(em: EntityManager, rolloutId: string, limit: number): Promise<RolloutTransition[]> {
  const rows = await em.query<(Omit<RolloutTransition, 'at'> & { at: Date })[]>(
    `SELECT from_phase AS "from", to_phase AS "to", reason, wave, actor, at FROM rollout_transitions WHERE rollout_id = $1
      ORDER BY id DESC LIMIT $2`,
    [rolloutId, limit],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

const EMPTY: RolloutCounts = { ...NO_COUNTS, total: 0 };
type CountRow = RolloutCounts & { readonly rollout_id: string; readonly wave: number };

/** By wave; a wave that lost all its rows counts nothing. */
export async function readCounts(
  em: EntityManager,
  records: readonly { readonly id: string; readonly waves: number }[],
): Promise<Map<string, RolloutCounts[]>> {
  const rows = await em.query<CountRow[]>('SELECT * FROM rollout_counts WHERE rollout_id = ANY($1::uuid[])', [
    records.map((record) => record.id),
  ]);
  const counts = new Map(records.map(({ id, waves }) => [id, Array.from({ length: waves }, () => EMPTY)]));
  for (const { rollout_id: id, wave, ...row } of rows) {
    const ofRollout = counts.get(id);
    if (ofRollout) ofRollout[wave] = row;
  }
  return counts;
}

export interface ShownRollout {
  readonly record: RolloutRecord;
  readonly group: string;
}
const SHOWN = 'SELECT r.*, g.name AS group_name FROM rollouts r JOIN groups g ON g.id = r.group_id';
type ShownRow = RolloutRow & { readonly group_name: string };
const shown = (row: ShownRow): ShownRollout => ({ record: recordOf(row), group: row.group_name });

export async function findRollout(em: EntityManager, id: string): Promise<ShownRollout | null> {
  const [row] = await em.query<ShownRow[]>(`${SHOWN} WHERE r.id = $1`, [id]);
  return row ? shown(row) : null;
}

/** Newest first, after a position. @param groupIds null means every group. */
export async function listRollouts(
  em: EntityManager,
  filter: Omit<ListRollouts, 'limit' | 'cursor'>,
  groupIds: readonly string[] | null,
  page: { readonly after: { readonly at: string; readonly id: string } | null; readonly limit: number },
): Promise<ShownRollout[]> {
  const rows = await em.query<ShownRow[]>(
    `${SHOWN}
      WHERE ($1::uuid[] IS NULL OR r.group_id = ANY($1)) AND ($2::text IS NULL OR g.name = $2) AND ($3::text IS NULL OR r.device_type = $3)
        AND ($4::text IS NULL OR r.version = $4) AND ($5::text IS NULL OR r.phase = $5)
        AND ($6::boolean IS NULL OR (r.ended_at IS NULL) = $6)
        AND ($7::timestamptz IS NULL OR (r.created_at, r.id) < ($7, $8::uuid))
      ORDER BY r.created_at DESC, r.id DESC LIMIT $9`,
    [
      groupIds,
      filter.group ?? null,
      filter.device_type ?? null,
      filter.version ?? null,
      filter.phase ?? null,
      filter.running ?? null,
      page.after?.at ?? null,
      page.after?.id ?? null,
      page.limit,
    ],
  );
  return rows.map(shown);
}
