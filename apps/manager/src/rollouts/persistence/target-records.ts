import type { ListTargets, TargetState, TargetView } from '@tidegate/contract-api';
import { nodeId } from '@tidegate/contract-protocol';
import type { WavePlan } from '@tidegate/domain-rollout';
import type { EntityManager } from 'typeorm';

/** The plan as it was shown: who in which wave, and who not, why. */
export async function insertPlan(em: EntityManager, rolloutId: string, plan: WavePlan, now: Date): Promise<void> {
  const targets = plan.waves.flatMap(({ nodeIds }, wave) => nodeIds.map((id, position) => ({ id, wave, position })));
  await em.query(
    `INSERT INTO rollout_targets (rollout_id, wave, node_id, position, state, changed_at)
     SELECT $1, wave, node_id, position, 'pending', $5 FROM unnest($2::int[], $3::uuid[], $4::int[]) AS t(wave, node_id, position)`,
    [rolloutId, targets.map(({ wave }) => wave), targets.map(({ id }) => id), targets.map(({ position }) => position), now],
  );
  await em.query('INSERT INTO rollout_exclusions (rollout_id, node_id, reason) SELECT $1, * FROM unnest($2::uuid[], $3::text[])', [
    rolloutId,
    plan.excluded.map((node) => node.nodeId),
    plan.excluded.map((node) => node.reason),
  ]);
}

/** Behind everybody of the wave. */
export async function insertJoiners(
  em: EntityManager,
  rolloutId: string,
  wave: number,
  nodeIds: readonly string[],
  now: Date,
): Promise<void> {
  await em.query(
    `INSERT INTO rollout_targets (rollout_id, wave, node_id, position, state, changed_at)
     SELECT $1, $2, node_id, ${AFTER_ALL}, 'pending', $4 FROM unnest($3::uuid[]) AS t(node_id) ON CONFLICT DO NOTHING`,
    [rolloutId, wave, nodeIds, now],
  );
}
const AFTER_ALL = 1_000_000_000;

/**
 * What became of the upgrades that this rollout began, and of nodes that were decommissioned. An upgrade that a person called off
 * says nothing about the release.
 */
export async function syncTargets(em: EntityManager, rolloutId: string, now: Date): Promise<void> {
  await em.query(
    `UPDATE rollout_targets t SET error_code = u.error_code, changed_at = coalesce(u.finished_at, $2), state = CASE
         WHEN u.finished_at IS NULL THEN 'in_progress'
         WHEN u.state = 'refused' AND u.error_code = 'upgrade_cancelled' THEN 'skipped' ELSE u.state END
       FROM upgrades u
      WHERE t.rollout_id = $1 AND t.state IN ('due', 'in_progress') AND u.id = t.upgrade_id
        AND (u.finished_at IS NOT NULL OR (t.state = 'due' AND u.state <> 'queued'))`,
    [rolloutId, now],
  );
  await em.query(
    `UPDATE rollout_targets t SET state = 'removed', changed_at = $2 FROM nodes n
      WHERE t.rollout_id = $1 AND t.state IN ('pending', 'due', 'in_progress', 'offline') AND n.id = t.node_id
        AND (n.removed_at IS NOT NULL OR n.revoked_at IS NOT NULL)`,
    [rolloutId, now],
  );
}

/** Those that were offline and are back. */
export const reviveOffline = async (em: EntityManager, rolloutId: string, upToWave: number, now: Date): Promise<void> =>
  void (await em.query(
    `UPDATE rollout_targets t SET state = 'pending', error_code = NULL, changed_at = $3 FROM node_sessions s
      WHERE t.rollout_id = $1 AND t.wave <= $2 AND t.state = 'offline' AND s.node_id = t.node_id AND s.disconnected_at IS NULL`,
    [rolloutId, upToWave, now],
  ));

/** A release that a node was taken back from is on that node's skip list, which a retry has to name. */
export const resetFailed = async (em: EntityManager, rolloutId: string, now: Date): Promise<void> =>
  void (await em.query(
    `UPDATE rollout_targets SET retry_skipped = state = 'rolled_back', state = 'pending', error_code = NULL, upgrade_id = NULL, changed_at = $2
      WHERE rollout_id = $1 AND state IN ('failed', 'rolled_back')`,
    [rolloutId, now],
  ));

export interface SendTarget {
  readonly nodeId: string;
  readonly retrySkipped: boolean;
}

/**
 * The next pending ones, in the order of the plan. Nodes that something else is being done to wait for its end; those that are
 * offline only when the policy waits for them.
 */
export async function lockSendable(
  em: EntityManager,
  rolloutId: string,
  wanted: { readonly upToWave: number; readonly limit: number; readonly withOffline: boolean },
): Promise<SendTarget[]> {
  return await em.query<SendTarget[]>(
    `SELECT t.node_id AS "nodeId", t.retry_skipped AS "retrySkipped" FROM rollout_targets t
      WHERE t.rollout_id = $1 AND t.wave <= $2 AND t.state = 'pending'
        AND ($4 OR EXISTS (SELECT 1 FROM node_sessions s WHERE s.node_id = t.node_id AND s.disconnected_at IS NULL))
        AND NOT EXISTS (SELECT 1 FROM upgrades u WHERE u.node_id = t.node_id AND u.finished_at IS NULL)
      ORDER BY t.wave, t.position, t.node_id LIMIT $3 FOR UPDATE OF t`,
    [rolloutId, wanted.upToWave, wanted.limit, wanted.withOffline],
  );
}

/** With what each of them was failing already: only what is new speaks against the release. */
export async function markBegun(
  em: EntityManager,
  rolloutId: string,
  begun: readonly { readonly nodeId: string; readonly upgradeId: string }[],
  now: Date,
): Promise<void> {
  if (begun.length === 0) return;
  await em.query(
    `UPDATE rollout_targets t SET state = CASE WHEN u.state = 'queued' THEN 'due' ELSE 'in_progress' END, upgrade_id = a.upgrade_id,
         health = 'ok', error_code = NULL, changed_at = $4, failing_before = (SELECT ${failingOf('r')} FROM node_reports r WHERE r.node_id = t.node_id)
       FROM unnest($2::uuid[], $3::uuid[]) AS a(node_id, upgrade_id) JOIN upgrades u ON u.id = a.upgrade_id
      WHERE t.rollout_id = $1 AND t.node_id = a.node_id`,
    [rolloutId, begun.map(({ nodeId: id }) => id), begun.map(({ upgradeId }) => upgradeId), now],
  );
}

/** Ids of failing checks, as a JSON list; of a report in another shape none. */
export const failingOf = (report: string): string => `jsonb_path_query_array(${report}.report, '$.checks[*] ? (@.ok == false).id')`;

/** They run the version already: whether that counts for the release, the digest of what they run decides. */
export const settleAlready = async (
  em: EntityManager,
  rolloutId: string,
  nodeIds: readonly string[],
  pin: string,
  now: Date,
): Promise<void> =>
  void (await em.query(
    `UPDATE rollout_targets t SET error_code = NULL, changed_at = $4,
         state = CASE WHEN (SELECT r.report->>'manifest_sha256' FROM node_reports r WHERE r.node_id = t.node_id) = $3 THEN 'committed' ELSE 'skipped' END
      WHERE t.rollout_id = $1 AND t.node_id = ANY($2::uuid[])`,
    [rolloutId, nodeIds, pin, now],
  ));

export interface SettledTarget {
  readonly nodeId: string;
  readonly state: TargetState;
  readonly code: string | null;
}

export async function settleTargets(em: EntityManager, rolloutId: string, settled: readonly SettledTarget[], now: Date): Promise<void> {
  if (settled.length === 0) return;
  await em.query(
    `UPDATE rollout_targets t SET state = a.state, error_code = a.code, changed_at = $5
       FROM unnest($2::uuid[], $3::text[], $4::text[]) AS a(node_id, state, code) WHERE t.rollout_id = $1 AND t.node_id = a.node_id`,
    [rolloutId, settled.map((one) => one.nodeId), settled.map((one) => one.state), settled.map((one) => one.code), now],
  );
}

/** Upgrades that this rollout began and that, as far as it knows, have not left. */
export async function lockDueUpgrades(em: EntityManager, rolloutId: string): Promise<string[]> {
  const rows = await em.query<{ upgrade_id: string }[]>(
    `SELECT upgrade_id FROM rollout_targets WHERE rollout_id = $1 AND state = 'due' ORDER BY node_id FOR UPDATE`,
    [rolloutId],
  );
  return rows.map((row) => row.upgrade_id);
}

export const takeBack = async (em: EntityManager, rolloutId: string, upgradeIds: readonly string[], now: Date): Promise<void> =>
  void (await em.query(
    `UPDATE rollout_targets SET state = 'pending', upgrade_id = NULL, error_code = NULL, changed_at = $3
      WHERE rollout_id = $1 AND upgrade_id = ANY($2::uuid[])`,
    [rolloutId, upgradeIds, now],
  ));

export interface LockedTarget {
  readonly wave: number;
  readonly state: TargetState;
  readonly health: TargetView['health'];
  readonly upgradeId: string | null;
}

export async function lockTarget(em: EntityManager, rolloutId: string, node: string): Promise<LockedTarget | null> {
  const [row] = await em.query<LockedTarget[]>(
    `SELECT wave, state, health, upgrade_id AS "upgradeId" FROM rollout_targets WHERE rollout_id = $1 AND node_id = $2 FOR UPDATE`,
    [rolloutId, node],
  );
  return row ?? null;
}

interface TargetRow extends Omit<TargetView, 'changed_at' | 'node_id'> {
  readonly node_id: string;
  readonly position: number;
  readonly changed_at: Date;
}
export interface ListedTarget {
  readonly view: TargetView;
  readonly position: number;
}

/** In the order of the plan. @param nodeIds whom the caller may see; null means all. */
export async function listTargets(
  em: EntityManager,
  rolloutId: string,
  filter: { readonly wave?: ListTargets['wave']; readonly states?: readonly TargetState[] | undefined },
  nodeIds: readonly string[] | null,
  page: { readonly after: { readonly wave: number; readonly position: number; readonly id: string } | null; readonly limit: number },
): Promise<ListedTarget[]> {
  const rows = await em.query<TargetRow[]>(
    `SELECT t.node_id, coalesce(n.display_name, n.name) AS name, t.wave, t.position, t.state, t.health, t.error_code, t.upgrade_id, t.changed_at
       FROM rollout_targets t JOIN nodes n ON n.id = t.node_id
      WHERE t.rollout_id = $1 AND ($2::int IS NULL OR t.wave = $2) AND ($3::text[] IS NULL OR t.state = ANY($3))
        AND ($4::uuid[] IS NULL OR t.node_id = ANY($4)) AND ($5::int IS NULL OR (t.wave, t.position, t.node_id) > ($5, $6::int, $7::uuid))
      ORDER BY t.wave, t.position, t.node_id LIMIT $8`,
    [
      rolloutId,
      filter.wave ?? null,
      filter.states ?? null,
      nodeIds,
      page.after?.wave ?? null,
      page.after?.position ?? null,
      page.after?.id ?? null,
      page.limit,
    ],
  );
  return rows.map(({ position, ...row }) => ({
    position,
    view: { ...row, node_id: nodeId.parse(row.node_id), changed_at: row.changed_at.toISOString() },
  }));
}
