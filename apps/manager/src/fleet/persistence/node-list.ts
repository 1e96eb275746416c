import type { listNodes } from '@tidegate/contract-api';
import type { Reach } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { Conditions } from './conditions.ts';
import type { Moment } from './node-expressions.ts';
import { addFilter } from './node-filter.ts';

export type NodeQuery = z.output<typeof listNodes>;

/** Further than this nobody counts for a page; the counts have a statement of their own. */
const COUNT_UP_TO = 1000;

/** With the type that a cursor's text is read back as. Version keys sort by bytes; the others as the database does. */
const SORT_KEY: Readonly<Record<NodeQuery['sort'], { readonly key: string; readonly type: string }>> = {
  name: { key: 'b.shown_name', type: 'text' },
  software_version: { key: `coalesce(b.version_key, '')`, type: 'text' },
  last_seen_at: { key: `coalesce(b.last_beat_at, '-infinity')`, type: 'timestamptz' },
  enrolled_at: { key: 'b.enrolled_at', type: 'timestamptz' },
  group: { key: 'g.name', type: 'text' },
};

export interface NodeCursor {
  readonly key: string;
  readonly id: string;
}

export interface ListedNodes {
  readonly ids: readonly string[];
  /** Of the last one listed, when there are more. */
  readonly next: NodeCursor | null;
  /** On a first page only: how many match, up to 1,000. */
  readonly counted: { readonly total: number; readonly capped: boolean } | null;
}

/**
 * The ids of a page. All of it from one narrow table, node_beats, so that a list without a fitting index is one short scan; a first
 * page reads so far ahead that it can tell how many there are. `id` breaks ties: a cursor never skips a node or shows one twice.
 */
export async function selectPage(
  em: EntityManager,
  query: NodeQuery,
  reach: Reach | null,
  { moment, after }: { readonly moment: Moment; readonly after: NodeCursor | null },
): Promise<ListedNodes> {
  const { sort, order, limit, cursor: _, ...filter } = query;
  const { key, type } = SORT_KEY[sort];
  const direction = order === 'asc' ? 'ASC' : 'DESC';
  const conditions = new Conditions();
  const groups = sort === 'group' ? 'JOIN groups g ON g.id = b.group_id' : '';
  addFilter(conditions, filter, reach, moment);
  if (after) {
    const position = `(${conditions.value(after.key)}::${type}, ${conditions.value(after.id)}::uuid)`;
    conditions.add(`(${key}, b.node_id) ${order === 'asc' ? '>' : '<'} ${position}`);
  }
  const wanted = after ? limit + 1 : Math.max(limit, COUNT_UP_TO) + 1;
  const rows = await em.query<{ node_id: string; sort_key: string }[]>(
    `SELECT b.node_id, (${key})::text AS sort_key FROM node_beats b ${groups} ${conditions.where}
      ORDER BY ${key} ${direction}, b.node_id ${direction} LIMIT ${conditions.value(wanted)}`,
    conditions.values,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    ids: page.map((row) => row.node_id),
    next: rows.length > limit && last ? { key: last.sort_key, id: last.node_id } : null,
    counted: after ? null : { total: Math.min(rows.length, COUNT_UP_TO), capped: rows.length > COUNT_UP_TO },
  };
}

/** Nodes that have just become stale or offline: nothing arrives from them that could tell. */
export async function selectFallenSilent(em: EntityManager, windows: readonly { after: Date; until: Date }[]): Promise<string[]> {
  const values: unknown[] = [];
  const terms = windows.map(({ after, until }) => `(last_beat_at > $${values.push(after)} AND last_beat_at <= $${values.push(until)})`);
  const rows = await em.query<{ node_id: string }[]>(`SELECT node_id FROM node_beats WHERE ${terms.join(' OR ')}`, values);
  return rows.map((row) => row.node_id);
}
