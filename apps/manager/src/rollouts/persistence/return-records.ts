import type { RolloutReturns } from '@tidegate/contract-api';
import type { EntityManager } from 'typeorm';

/** `skipped`: it runs something else by now, so that there is nothing of this rollout to go back from. */
export type ReturnState = 'pending' | 'in_progress' | 'returned' | 'failed' | 'refused' | 'skipped' | 'offline' | 'removed';

/** Committed nodes of these waves; those that were sent back before and have committed again since, once more. */
export const insertReturns = async (em: EntityManager, rolloutId: string, waves: readonly number[], now: Date): Promise<void> =>
  void (await em.query(
    `INSERT INTO rollout_returns AS r (rollout_id, node_id, wave, position, state, changed_at)
     SELECT rollout_id, node_id, wave, position, 'pending', $3 FROM rollout_targets
      WHERE rollout_id = $1 AND wave = ANY($2::int[]) AND state = 'committed'
     ON CONFLICT (rollout_id, node_id) DO UPDATE SET state = 'pending', upgrade_id = NULL, error_code = NULL, changed_at = $3
      WHERE r.state = 'returned'`,
    [rolloutId, waves, now],
  ));

/** What became of those that were told. Whoever is back has not committed the release any more. */
export async function syncReturns(em: EntityManager, rolloutId: string, now: Date): Promise<void> {
  await em.query(
    `WITH ended AS (
       UPDATE rollout_returns r SET error_code = u.error_code, changed_at = u.finished_at,
           state = CASE WHEN u.state = 'committed' THEN 'returned' WHEN u.state = 'refused' THEN 'refused' ELSE 'failed' END
         FROM upgrades u WHERE r.rollout_id = $1 AND r.state = 'in_progress' AND u.id = r.upgrade_id AND u.finished_at IS NOT NULL
         RETURNING r.node_id, r.state
     )
     UPDATE rollout_targets t SET state = 'rolled_back', health = 'ok', error_code = NULL, changed_at = $2
       FROM ended WHERE t.rollout_id = $1 AND t.node_id = ended.node_id AND ended.state = 'returned'`,
    [rolloutId, now],
  );
  await em.query(
    `UPDATE rollout_returns r SET changed_at = $3, state = CASE WHEN n.removed_at IS NULL AND n.revoked_at IS NULL THEN 'skipped' ELSE 'removed' END
       FROM nodes n LEFT JOIN node_beats b ON b.node_id = n.id, rollouts o
      WHERE r.rollout_id = $1 AND o.id = $1 AND n.id = r.node_id AND r.state = ANY($2)
        AND (n.removed_at IS NOT NULL OR n.revoked_at IS NOT NULL OR (r.state = 'pending' AND b.software_version IS DISTINCT FROM o.version))`,
    [rolloutId, ['pending', 'in_progress'], now],
  );
}

/** The last wave first; nodes that something else is being done to wait for its end, and those that run something else are left alone. */
export async function lockReturnable(
  em: EntityManager,
  { id, version }: { readonly id: string; readonly version: string },
  limit: number,
): Promise<string[]> {
  const rows = await em.query<{ node_id: string }[]>(
    `SELECT node_id FROM rollout_returns r WHERE rollout_id = $1 AND state = 'pending'
        AND NOT EXISTS (SELECT 1 FROM upgrades u WHERE u.node_id = r.node_id AND u.finished_at IS NULL)
        AND EXISTS (SELECT 1 FROM node_beats b WHERE b.node_id = r.node_id AND b.software_version = $3)
      ORDER BY wave DESC, position DESC, node_id LIMIT $2 FOR UPDATE`,
    [id, limit, version],
  );
  return rows.map((row) => row.node_id);
}

export interface Told {
  readonly nodeId: string;
  readonly state: ReturnState;
  readonly upgradeId: string | null;
  readonly code: string | null;
}
export async function markReturns(em: EntityManager, rolloutId: string, told: readonly Told[], now: Date): Promise<void> {
  if (told.length === 0) return;
  await em.query(
    `UPDATE rollout_returns r SET state = a.state, upgrade_id = a.upgrade_id, error_code = a.code, changed_at = $6
       FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[]) AS a(node_id, state, upgrade_id, code)
      WHERE r.rollout_id = $1 AND r.node_id = a.node_id`,
    [
      rolloutId,
      told.map((one) => one.nodeId),
      told.map((one) => one.state),
      told.map((one) => one.upgradeId),
      told.map((one) => one.code),
      now,
    ],
  );
}

/** Of each rollout that sent anybody back. */
export async function readReturns(em: EntityManager, rolloutIds: readonly string[]): Promise<Map<string, RolloutReturns>> {
  const rows = await em.query<(RolloutReturns & { rollout_id: string })[]>(
    `SELECT rollout_id, count(*)::int AS total, count(*) FILTER (WHERE state = 'pending')::int AS pending,
        count(*) FILTER (WHERE state = 'in_progress')::int AS in_progress, count(*) FILTER (WHERE state = 'returned')::int AS returned,
        count(*) FILTER (WHERE state IN ('failed', 'refused', 'offline'))::int AS failed
       FROM rollout_returns WHERE rollout_id = ANY($1::uuid[]) GROUP BY rollout_id`,
    [rolloutIds],
  );
  return new Map(rows.map(({ rollout_id: id, ...returns }) => [id, returns]));
}
