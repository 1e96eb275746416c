import type { Reach } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import { Conditions } from './conditions.ts';
import { connectionOf, FLAG_NAMES, flagOf, inMaintenance, type Moment } from './node-expressions.ts';
import { addFilter, type NodeFilter } from './node-filter.ts';

export const DIMENSIONS = ['connection', 'upgrade_state', 'software_version', 'device_type', 'group_id', 'label'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export interface CountRow {
  /** null: of all that match. */
  readonly dimension: Dimension | null;
  readonly value: string | null;
  readonly group_name: string | null;
  readonly nodes: number;
  readonly maintenance: number;
  readonly quarantined: number;
  readonly revoked: number;
  readonly behind_sequence: number;
  readonly trust_differs: number;
  readonly guard_outdated: number;
}

/** By every dimension in one statement, and so of one moment: the figures of a page agree with each other. */
export async function selectCounts(
  em: EntityManager,
  filter: NodeFilter,
  reach: Reach | null,
  { moment, byLabel }: { readonly moment: Moment; readonly byLabel: string | null },
): Promise<CountRow[]> {
  const conditions = new Conditions();
  const flags = [
    ...FLAG_NAMES.map((name) => [name, flagOf(name, conditions, moment)]),
    ['maintenance', inMaintenance(conditions, moment)],
    ['quarantined', 'b.quarantined'],
    ['revoked', 'b.revoked'],
  ];
  const columns = `${connectionOf(conditions, moment)} AS connection, n.upgrade_state, b.software_version, b.device_type, b.group_id,
    b.labels->>${conditions.value(byLabel ?? '')}::text AS label, ${flags.map(([name, expression]) => `${expression} AS ${name}`).join(', ')}`;
  addFilter(conditions, filter, reach, moment);
  // Which of the sets a row belongs to: of GROUPING's bits, the one that is 0.
  const which = DIMENSIONS.map((dimension) => `WHEN grouping(${dimension}) = 0 THEN '${dimension}'`).join(' ');
  const value = DIMENSIONS.map((dimension) => `WHEN grouping(${dimension}) = 0 THEN ${dimension}::text`).join(' ');
  return await em.query<CountRow[]>(
    `SELECT c.*, g.name AS group_name FROM (
       SELECT CASE ${which} END AS dimension, CASE ${value} END AS value, count(*)::int AS nodes,
         ${flags.map(([name]) => `(count(*) FILTER (WHERE ${name}))::int AS ${name}`).join(', ')}
         FROM (SELECT ${columns} FROM node_beats b JOIN nodes n ON n.id = b.node_id ${conditions.where}) AS matching
        GROUP BY GROUPING SETS (${DIMENSIONS.map((dimension) => `(${dimension})`).join(', ')}, ())
     ) AS c LEFT JOIN groups g ON c.dimension = 'group_id' AND g.id::text = c.value
     ORDER BY c.nodes DESC, c.value`,
    conditions.values,
  );
}
