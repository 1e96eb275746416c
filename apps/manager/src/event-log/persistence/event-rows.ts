import type { EventCategory, NodeEvent } from '@tidegate/contract-events';
import type { EntityManager } from 'typeorm';
import { storableJson } from '../../platform/index.ts';
import type { SequenceHead } from '../../sequence/index.ts';

export interface NewEvent {
  readonly id: string;
  /** null for what concerns no single node. */
  readonly nodeId: string | null;
  /** null for what concerns the installation. */
  readonly groupId: string | null;
  /** Where a node kept it; null for what the manager noticed itself. */
  readonly spool: { readonly id: string; readonly seq: number } | null;
  readonly name: string;
  readonly category: EventCategory;
  readonly severity: NodeEvent['severity'];
  readonly at: string;
  readonly receivedAt: Date;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What an array's text holds as it is; ids, numbers, times and names are made of nothing else. */
const PLAIN = /^[\w:.+-]+$/;
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
const element = (value: string | number | null): string | number => {
  if (value === null) return 'NULL';
  return typeof value === 'number' || (PLAIN.test(value) && value !== 'NULL') ? value : quoted(value);
};
/** The driver looks at every character of every element; a thousand events have eleven thousand of them, and nearly all are plain. */
const plain = (values: readonly (string | number | null)[]): string => `{${values.map(element).join(',')}}`;

/** One statement for all of them, in their order. */
export async function insertEvents(em: EntityManager, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await em.query(
    `INSERT INTO events (id, node_id, group_id, spool_id, seq, name, category, severity, at, received_at, details)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::text[],
       $9::timestamptz[], $10::timestamptz[], $11::jsonb[])`,
    [
      plain(events.map((event) => event.id)),
      plain(events.map((event) => event.nodeId)),
      plain(events.map((event) => event.groupId)),
      plain(events.map((event) => event.spool?.id ?? null)),
      plain(events.map((event) => event.spool?.seq ?? null)),
      plain(events.map((event) => event.name)),
      plain(events.map((event) => event.category)),
      plain(events.map((event) => event.severity)),
      plain(events.map((event) => event.at)),
      plain(events.map((event) => event.receivedAt.toISOString())),
      `{${events.map((event) => quoted(storableJson(event.details))).join(',')}}`,
    ],
  );
}

export async function hasWaitingEvents(em: EntityManager): Promise<boolean> {
  const rows = await em.query<{ waiting: boolean }[]>('SELECT EXISTS (SELECT FROM events WHERE position IS NULL) AS waiting');
  return rows[0]?.waiting ?? false;
}

/**
 * In the order of the identities: a node's events are stored one batch after the other, under the lock of its mark, so those that
 * wait together are in the order in which the node sent them.
 */
export async function assignEventPositions(em: EntityManager, head: SequenceHead, limit: number): Promise<SequenceHead> {
  const rows = await em.query<{ id: string; position: string }[]>(
    `WITH waiting AS (
       SELECT ordinal, received_at, $1::bigint + row_number() OVER (ORDER BY ordinal) AS position
         FROM (SELECT ordinal, received_at FROM events WHERE position IS NULL ORDER BY ordinal LIMIT $2) AS first
     ), placed AS (
       UPDATE events e SET position = w.position FROM waiting w WHERE e.ordinal = w.ordinal AND e.received_at = w.received_at
       RETURNING e.id, e.position
     )
     SELECT id, position FROM placed ORDER BY position DESC LIMIT 1`,
    [head.position, limit],
  );
  const last = rows[0];
  return last ? { position: Number(last.position), tag: last.id } : head;
}
