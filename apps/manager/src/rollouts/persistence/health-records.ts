import type { Cohort } from '@tidegate/domain-rollout';
import type { EntityManager } from 'typeorm';
import { failingOf } from './target-records.ts';

const RESTARTS = `CASE WHEN r.report->>'restarts' ~ '^[0-9]{1,9}$' THEN (r.report->>'restarts')::int END`;

/**
 * Committed nodes of a wave: silent since, or with checks failing that were not failing before. `silentSince` null: the manager has
 * not been there for long enough itself to tell who is silent.
 */
export const refreshHealth = async (em: EntityManager, rolloutId: string, wave: number, silentSince: Date | null): Promise<void> =>
  void (await em.query(
    `UPDATE rollout_targets t SET health = seen.health
       FROM (SELECT w.node_id, CASE
               WHEN $3::timestamptz IS NULL AND w.health = 'lost' THEN 'lost'
               WHEN b.last_beat_at < $3 THEN 'lost'
               WHEN NOT coalesce(w.failing_before, '[]') @> ${failingOf('r')} THEN 'regressed' ELSE 'ok' END AS health
             FROM rollout_targets w JOIN node_beats b ON b.node_id = w.node_id JOIN node_reports r ON r.node_id = w.node_id
            WHERE w.rollout_id = $1 AND w.wave = $2 AND w.state = 'committed') AS seen
      WHERE t.rollout_id = $1 AND t.node_id = seen.node_id AND t.health <> seen.health`,
    [rolloutId, wave, silentSince],
  ));

/** As settling begins: from here on both sides are looked at. What the upgraded ones were failing before stays as it was then. */
export const beginComparison = async (em: EntityManager, rolloutId: string): Promise<void> =>
  void (await em.query(
    `UPDATE rollout_targets t SET restarts_before = ${RESTARTS},
         failing_before = CASE WHEN t.state = 'pending' THEN ${failingOf('r')} ELSE t.failing_before END
       FROM node_reports r WHERE t.rollout_id = $1 AND r.node_id = t.node_id AND t.state IN ('committed', 'pending')`,
    [rolloutId],
  ));

/** Those of the rollout that run the release, and those that do not yet; of both the connected ones. */
export async function readCohorts(em: EntityManager, rolloutId: string, hours: number): Promise<{ upgraded: Cohort; control: Cohort }> {
  const rows = await em.query<{ upgraded: boolean; nodes: number; failing: number; restarts: number }[]>(
    `SELECT t.state = 'committed' AS upgraded, count(*)::int AS nodes,
        count(*) FILTER (WHERE NOT coalesce(t.failing_before, '[]') @> ${failingOf('r')})::int AS failing,
        coalesce(sum(greatest(0, ${RESTARTS} - t.restarts_before)), 0)::int AS restarts
       FROM rollout_targets t JOIN node_reports r ON r.node_id = t.node_id
       JOIN node_sessions s ON s.node_id = t.node_id AND s.disconnected_at IS NULL
      WHERE t.rollout_id = $1 AND t.state IN ('committed', 'pending') AND t.restarts_before IS NOT NULL GROUP BY 1`,
    [rolloutId],
  );
  const of = (upgraded: boolean): Cohort => {
    const { nodes = 0, failing = 0, restarts = 0 } = rows.find((row) => row.upgraded === upgraded) ?? {};
    return { nodes, failing, restarts, nodeHours: nodes * hours };
  };
  return { upgraded: of(true), control: of(false) };
}
