import type { EntityManager } from 'typeorm';
import { Conditions, connectionOf, inMaintenance, type Moment } from '../../fleet/index.ts';
import { MOST_VERSIONS } from '../../platform/index.ts';

export interface Figure {
  readonly what: 'connection' | 'version' | 'flag' | 'upgrade' | 'command' | 'unsequenced' | 'replica';
  /** Null: the nodes that were never heard. */
  readonly value: string | null;
  readonly count: number;
}

/** A backlog of more is a backlog. */
const MOST_WAITING = 10_000;

/** All of the installation's figures in one statement: one scan of the beats, and small indexes for the rest. */
export async function readFigures(em: EntityManager, moment: Pick<Moment, 'now' | 'limits'>): Promise<Figure[]> {
  const values = new Conditions();
  const now = values.value(moment.now);
  const columns = `${connectionOf(values, moment)} AS connection, b.software_version AS version,
    ${inMaintenance(values, moment)} AS maintenance, b.quarantined, b.revoked`;
  const flags = ['maintenance', 'quarantined', 'revoked'];
  const waiting = (stream: string, table: string): string =>
    `SELECT 'unsequenced', '${stream}', count(*)::int FROM (SELECT FROM ${table} WHERE position IS NULL LIMIT ${MOST_WAITING}) AS waiting`;
  return await em.query<Figure[]>(
    `WITH fleet AS MATERIALIZED (
       SELECT connection, version, count(*)::int AS nodes, ${flags.map((flag) => `(count(*) FILTER (WHERE ${flag}))::int AS ${flag}`).join(', ')}
         FROM (SELECT ${columns} FROM node_beats b) AS beats GROUP BY connection, version
     )
     SELECT 'connection' AS what, connection AS value, sum(nodes)::int AS count FROM fleet GROUP BY connection
     UNION ALL SELECT 'version', NULL, coalesce(sum(nodes), 0)::int FROM fleet WHERE version IS NULL
     UNION ALL (SELECT 'version', version, sum(nodes)::int FROM fleet WHERE version IS NOT NULL GROUP BY version ORDER BY 3 DESC, 2 LIMIT ${MOST_VERSIONS})
     ${flags.map((flag) => `UNION ALL SELECT 'flag', '${flag}', coalesce(sum(${flag}), 0)::int FROM fleet`).join('\n')}
     UNION ALL SELECT 'upgrade', state, count(*)::int FROM upgrades WHERE finished_at IS NULL GROUP BY state
     UNION ALL SELECT 'command', CASE WHEN sent_at IS NULL THEN 'unsent' ELSE 'unanswered' END, count(*)::int
       FROM commands WHERE settled_at IS NULL AND expires_at > ${now}::timestamptz GROUP BY 2
     UNION ALL ${waiting('events', 'events')}
     UNION ALL ${waiting('audit', 'audit')}
     UNION ALL SELECT 'replica', software_version, count(*)::int FROM replicas
       WHERE seen_at > clock_timestamp() - interval '15 seconds' GROUP BY software_version`,
    values.values,
  );
}
