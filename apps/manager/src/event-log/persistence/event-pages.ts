import type { EventView, QueryEvents } from '@tidegate/contract-api';
import type { Reach } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';

/** A stored event with the names it is shown with. */
export interface StoredEvent {
  /** null in the moment between its commit and its place in the order. */
  readonly position: number | null;
  readonly id: string;
  readonly nodeId: string | null;
  readonly nodeName: string | null;
  readonly deviceType: string | null;
  readonly groupId: string | null;
  readonly groupName: string | null;
  readonly source: EventView['source'];
  readonly name: string;
  readonly category: string;
  readonly severity: EventView['severity'];
  readonly at: Date;
  readonly receivedAt: Date;
  readonly details: Record<string, unknown>;
}

export type EventFilter = Omit<QueryEvents, 'limit' | 'cursor' | 'from' | 'to'> & {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
};

/** Which rows. */
export interface EventWindow {
  readonly filter: EventFilter;
  /** null means everything, also what belongs to no group. */
  readonly reach: Reach | null;
  readonly limit: number;
  /** Only rows after this position, and up to that one: what a filter by time comes down to. */
  readonly after?: number;
  readonly until?: number;
}

interface Row {
  position: string | null;
  id: string;
  node_id: string | null;
  node_name: string | null;
  device_type: string | null;
  group_id: string | null;
  group_name: string | null;
  from_manager: boolean;
  name: string;
  category: string;
  severity: EventView['severity'];
  at: Date;
  received_at: Date;
  details: Record<string, unknown>;
}

const storedOf = (row: Row): StoredEvent => ({
  position: row.position === null ? null : Number(row.position),
  id: row.id,
  nodeId: row.node_id,
  nodeName: row.node_name,
  deviceType: row.device_type,
  groupId: row.group_id,
  groupName: row.group_name,
  source: row.from_manager ? 'manager' : 'node',
  name: row.name,
  category: row.category,
  severity: row.severity,
  at: row.at,
  receivedAt: row.received_at,
  details: row.details,
});

const COLUMNS =
  'e.position, e.ordinal, e.id, e.node_id, e.group_id, e.spool_id, e.name, e.category, e.severity, e.at, e.received_at, e.details';

/** Every parameter stands in the statement as often as it is used, and in the values once. */
class Values {
  readonly list: unknown[] = [];
  add(value: unknown): string {
    return `$${this.list.push(value)}`;
  }
}

function conditionsOf(filter: EventFilter, values: Values): string[] {
  const terms: string[] = [];
  if (filter.category) terms.push(`e.category = ${values.add(filter.category)}`);
  // As the indexes say it, so that they are used.
  if (filter.severity === 'warning') terms.push(`e.severity <> 'info'`);
  if (filter.severity === 'critical') terms.push(`e.severity = 'critical'`);
  if (filter.name) terms.push(`e.name = ${values.add(filter.name)}`);
  if (filter.error_code) terms.push(`e.details ? 'error_code' AND e.details->>'error_code' = ${values.add(filter.error_code)}`);
  if (filter.node_id) terms.push(`e.node_id = ${values.add(filter.node_id)}::uuid`);
  if (filter.group) terms.push(`e.group_id = (SELECT id FROM groups WHERE name = ${values.add(filter.group)})`);
  if (filter.device_type) terms.push(`e.node_id IN (SELECT id FROM nodes WHERE device_type = ${values.add(filter.device_type)})`);
  if (filter.from) terms.push(`e.received_at >= ${values.add(filter.from)}`);
  if (filter.to) terms.push(`e.received_at < ${values.add(filter.to)}`);
  if (filter.search) {
    const text = `lower(${values.add(filter.search)})`;
    terms.push(`(strpos(e.name, ${text}) > 0 OR strpos(lower(e.details::text), ${text}) > 0)`);
  }
  return terms;
}

/**
 * The first rows of the order within reach. A viewer of some groups gets each group's first rows by its own index and then the first
 * of those: filtering the whole table would read everything that others did meanwhile.
 */
function withinReach(reach: Reach | null, terms: readonly string[], order: string, limit: string, values: Values): string {
  const select = (scope: readonly string[]): string =>
    `SELECT ${COLUMNS} FROM events e WHERE ${[...scope, ...terms].join(' AND ')} ORDER BY ${order} LIMIT ${limit}`;
  if (!reach) return select([]);
  const per = (ids: readonly string[], column: string): string =>
    `SELECT l.* FROM unnest(${values.add(ids)}::uuid[]) AS s(id) CROSS JOIN LATERAL (${select([`e.${column} = s.id`])}) l`;
  const groups = per(reach.groupIds, 'group_id');
  if (reach.nodeIds.length === 0) return `SELECT * FROM (${groups}) e ORDER BY ${order} LIMIT ${limit}`;
  // A node named on its own may be in a group that is reached as a whole as well.
  const nodes = `SELECT * FROM (${per(reach.nodeIds, 'node_id')}) n WHERE NOT coalesce(n.group_id = ANY(${values.add(reach.groupIds)}::uuid[]), false)`;
  return `SELECT * FROM ((${groups}) UNION ALL (${nodes})) e ORDER BY ${order} LIMIT ${limit}`;
}

const named = (rows: string, order: string): string =>
  `SELECT e.*, e.spool_id IS NULL AS from_manager, n.name AS node_name, n.device_type, g.name AS group_name
     FROM (${rows}) e LEFT JOIN nodes n ON n.id = e.node_id LEFT JOIN groups g ON g.id = e.group_id ORDER BY ${order}`;

/** Newest first. What has no position yet comes before everything, on the first page: an acknowledged event is listed at once. */
export async function selectEventsBefore(em: EntityManager, window: EventWindow, before: number | null): Promise<StoredEvent[]> {
  const values = new Values();
  const limit = values.add(window.limit);
  const terms = conditionsOf(window.filter, values);
  const placed = ['e.position IS NOT NULL', ...terms];
  if (before !== null) placed.push(`e.position < ${values.add(before)}`);
  if (window.after !== undefined) placed.push(`e.position > ${values.add(window.after)}`);
  if (window.until !== undefined) placed.push(`e.position <= ${values.add(window.until)}`);
  const rows = withinReach(window.reach, placed, 'e.position DESC', limit, values);
  if (before !== null) return await run(em, named(rows, 'e.position DESC'), values);
  const waiting = withinReach(window.reach, ['e.position IS NULL', ...terms], 'e.ordinal DESC', limit, values);
  const order = 'e.position DESC NULLS FIRST, e.ordinal DESC';
  const both = `SELECT * FROM ((${waiting}) UNION ALL (${rows})) e ORDER BY ${order} LIMIT ${limit}`;
  return await run(em, named(both, order), values);
}

/** Oldest first, with a position only: nothing can come in between later. */
export async function selectEventsAfter(em: EntityManager, window: EventWindow, after: number): Promise<StoredEvent[]> {
  const values = new Values();
  const limit = values.add(window.limit);
  const terms = [`e.position > ${values.add(after)}`, ...conditionsOf(window.filter, values)];
  if (window.until !== undefined) terms.push(`e.position <= ${values.add(window.until)}`);
  return await run(em, named(withinReach(window.reach, terms, 'e.position', limit, values), 'e.position'), values);
}

const run = async (em: EntityManager, sql: string, values: Values): Promise<StoredEvent[]> =>
  (await em.query<Row[]>(sql, values.list)).map(storedOf);

/** The row at a position, or the first one after it that retention has left; null when there is none. */
export async function firstFrom(em: EntityManager, position: number): Promise<{ position: number; id: string; receivedAt: Date } | null> {
  const rows = await em.query<{ position: string; id: string; received_at: Date }[]>(
    'SELECT position, id, received_at FROM events WHERE position >= $1 ORDER BY position LIMIT 1',
    [position],
  );
  const row = rows[0];
  return row ? { position: Number(row.position), id: row.id, receivedAt: row.received_at } : null;
}
