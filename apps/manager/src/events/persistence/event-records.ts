import type { EventView } from '@tidegate/contract-api';
import { categoryOf, severityOf, type NodeEvent } from '@tidegate/contract-events';
import { nodeId } from '@tidegate/contract-protocol';
import type { EntityManager } from 'typeorm';
import { storableJson } from '../../platform/index.ts';

export interface ReceivedEvent {
  readonly nodeId: string;
  readonly groupId: string;
  readonly receivedAt: Date;
  readonly event: NodeEvent;
}

const markKey = (event: { nodeId: string; spoolId: string }): string => `${event.nodeId}/${event.spoolId}`;

/**
 * Drops what is below the node's high-water mark and raises it. The marks are locked in one order, so that two batches never
 * wait for each other.
 */
export async function takeNew(em: EntityManager, received: readonly ReceivedEvent[]): Promise<ReceivedEvent[]> {
  const keys = new Map(received.map((item) => [markKey({ nodeId: item.nodeId, spoolId: item.event.spool_id }), item]));
  const ordered = [...keys.keys()].sort().flatMap((key) => keys.get(key) ?? []);
  const pairs = [ordered.map((item) => item.nodeId), ordered.map((item) => item.event.spool_id)];
  await em.query(
    `INSERT INTO event_marks (node_id, spool_id, seq) SELECT n, s, 0 FROM unnest($1::uuid[], $2::uuid[]) AS t(n, s) ON CONFLICT DO NOTHING`,
    pairs,
  );
  const rows = await em.query<{ node_id: string; spool_id: string; seq: string }[]>(
    `SELECT m.node_id, m.spool_id, m.seq FROM event_marks m JOIN unnest($1::uuid[], $2::uuid[]) AS t(n, s) ON m.node_id = n AND m.spool_id = s
      ORDER BY m.node_id, m.spool_id FOR UPDATE OF m`,
    pairs,
  );
  const marks = new Map(rows.map((row) => [markKey({ nodeId: row.node_id, spoolId: row.spool_id }), Number(row.seq)]));
  const fresh: ReceivedEvent[] = [];
  for (const item of received) {
    const key = markKey({ nodeId: item.nodeId, spoolId: item.event.spool_id });
    if (item.event.seq <= (marks.get(key) ?? 0)) continue;
    marks.set(key, item.event.seq);
    fresh.push(item);
  }
  await em.query(
    `UPDATE event_marks m SET seq = t.q FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS t(n, s, q)
      WHERE m.node_id = t.n AND m.spool_id = t.s AND m.seq < t.q`,
    [...pairs, ordered.map((item) => marks.get(markKey({ nodeId: item.nodeId, spoolId: item.event.spool_id })) ?? 0)],
  );
  return fresh;
}

/** @returns their ordinals, in the order of the items. */
export async function storeEvents(em: EntityManager, items: readonly ReceivedEvent[]): Promise<string[]> {
  if (items.length === 0) return [];
  const rows = await em.query<{ ordinal: string }[]>(
    `INSERT INTO events (id, node_id, group_id, spool_id, seq, name, category, severity, at, received_at, details)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::text[],
       $9::timestamptz[], $10::timestamptz[], $11::jsonb[]) RETURNING ordinal`,
    [
      items.map(({ event }) => event.id),
      items.map((item) => item.nodeId),
      items.map((item) => item.groupId),
      items.map(({ event }) => event.spool_id),
      items.map(({ event }) => event.seq),
      items.map(({ event }) => event.name),
      items.map(({ event }) => categoryOf(event.name)),
      items.map(({ event }) => severityOf(event)),
      items.map(({ event }) => event.at),
      items.map((item) => item.receivedAt),
      items.map(({ event }) => storableJson(event.details)),
    ],
  );
  return rows.map((row) => row.ordinal);
}

interface EventRow {
  ordinal: string;
  id: string;
  node_id: string;
  name: string;
  category: string;
  severity: EventView['severity'];
  at: Date;
  received_at: Date;
  details: Record<string, unknown>;
}

/** Newest first. The cursor is the ordinal of the last one seen. */
export async function listNodeEvents(
  em: EntityManager,
  query: { nodeId: string; limit: number; before: string | null },
): Promise<{ items: EventView[]; next: string | null }> {
  const rows = await em.query<EventRow[]>(
    `SELECT ordinal, id, node_id, name, category, severity, at, received_at, details FROM events
      WHERE node_id = $1 AND ($2::bigint IS NULL OR ordinal < $2) ORDER BY ordinal DESC LIMIT $3`,
    [query.nodeId, query.before, query.limit + 1],
  );
  const items = rows.slice(0, query.limit);
  return { items: items.map(viewOf), next: rows.length > query.limit ? (items.at(-1)?.ordinal ?? null) : null };
}

/** What another replica stored and told of. */
export async function findEvents(em: EntityManager, ordinals: readonly string[]): Promise<{ view: EventView; groupId: string }[]> {
  const rows = await em.query<(EventRow & { group_id: string })[]>(
    `SELECT ordinal, id, node_id, group_id, name, category, severity, at, received_at, details FROM events
      WHERE ordinal = ANY($1::bigint[]) ORDER BY ordinal`,
    [ordinals],
  );
  return rows.map((row) => ({ view: viewOf(row), groupId: row.group_id }));
}

const viewOf = (row: EventRow): EventView => ({
  id: row.id,
  source: 'node',
  node_id: nodeId.parse(row.node_id),
  node_name: null,
  group: null,
  error_code: null,
  name: row.name,
  category: row.category,
  severity: row.severity,
  at: row.at.toISOString(),
  received_at: row.received_at.toISOString(),
  details: row.details,
});

export const toView = (item: ReceivedEvent): EventView => ({
  id: item.event.id,
  source: 'node',
  node_id: nodeId.parse(item.nodeId),
  node_name: null,
  group: null,
  error_code: null,
  name: item.event.name,
  category: categoryOf(item.event.name),
  severity: severityOf(item.event),
  at: item.event.at,
  received_at: item.receivedAt.toISOString(),
  details: item.event.details,
});

const MONTHS_AHEAD = 2;

/** This month's partition and the next ones. What arrives before they are made goes to the default partition. */
export async function ensurePartitions(em: EntityManager, now: Date): Promise<void> {
  for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead += 1) {
    const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
    const to = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead + 1, 1));
    const name = `events_${from.toISOString().slice(0, 7).replace('-', '_')}`;
    const existing = await em.query<{ found: string | null }[]>('SELECT to_regclass($1) AS found', [name]);
    if (existing[0]?.found) continue;
    await em.query(`CREATE TABLE ${name} PARTITION OF events FOR VALUES FROM ('${from.toISOString()}') TO ('${to.toISOString()}')`);
  }
}
