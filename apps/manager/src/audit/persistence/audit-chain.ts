import type { AuditChainRow } from '@tidegate/contract-api';
import { chainRows, GENESIS_HASH, rowText, type ChainedRow, type Sha256 } from '@tidegate/domain-audit-chain';
import type { EntityManager } from 'typeorm';
import type { SequenceHead } from '../../sequence/index.ts';

/** What a row says, as it is hashed: the time as text, with the microseconds that a Date would lose. */
export const ROW_COLUMNS = `a.position, to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, a.actor, a.action, a.target_kind,
  a.target_id, a.address, a.details`;

export interface AuditRow {
  position: string | null;
  at: string;
  actor: string;
  action: string;
  target_kind: string;
  target_id: string;
  address: string | null;
  details: Record<string, unknown>;
}

export async function hasWaitingAudit(em: EntityManager): Promise<boolean> {
  const rows = await em.query<{ waiting: boolean }[]>('SELECT EXISTS (SELECT FROM audit WHERE position IS NULL) AS waiting');
  return rows[0]?.waiting ?? false;
}

type WaitingRow = AuditRow & { id: string; details_text: string };

/** Details that no other program could read as the same value (1e400) are kept as text; one such row must not stop the chain. */
function readable(row: WaitingRow, position: number): ChainedRow {
  const { id: _, details_text: text, ...content } = row;
  const chained = { ...content, position };
  try {
    rowText(GENESIS_HASH, chained);
    return chained;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { ...chained, details: { unreadable: text } };
  }
}

/** Under the lock of the stream's head, whose tag is the hash of the last row. */
export async function chainWaiting(em: EntityManager, head: SequenceHead, limit: number, sha256: Sha256): Promise<SequenceHead> {
  const waiting = await em.query<WaitingRow[]>(
    `SELECT a.id, a.details::text AS details_text, ${ROW_COLUMNS} FROM audit a WHERE a.position IS NULL ORDER BY a.id LIMIT $1`,
    [limit],
  );
  const rows = waiting.map((row, index) => readable(row, head.position + 1 + index));
  const chained = chainRows(head.tag === '' ? GENESIS_HASH : head.tag, rows, sha256);
  const last = chained.at(-1);
  if (!last) return head;
  await em.query(
    `UPDATE audit a SET position = w.position, prev_hash = decode(w.prev_hash, 'hex'), hash = decode(w.hash, 'hex'), details = w.details
       FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::jsonb[]) AS w(id, position, prev_hash, hash, details)
      WHERE a.id = w.id`,
    [
      waiting.map((row) => row.id),
      chained.map((row) => row.position),
      chained.map((row) => row.prev_hash),
      chained.map((row) => row.hash),
      chained.map((row) => JSON.stringify(row.details)),
    ],
  );
  return { position: last.position, tag: last.hash };
}

/** The chain in its order, after `after` and up to `until`. */
export async function selectChain(em: EntityManager, after: number, until: number, limit: number): Promise<AuditChainRow[]> {
  const rows = await em.query<(AuditRow & { prev_hash: string; hash: string })[]>(
    `SELECT ${ROW_COLUMNS}, encode(a.prev_hash, 'hex') AS prev_hash, encode(a.hash, 'hex') AS hash FROM audit a
      WHERE a.position > $1 AND a.position <= $2 ORDER BY a.position LIMIT $3`,
    [after, until, limit],
  );
  return rows.map((row) => ({ ...row, position: Number(row.position) }));
}

/** The row at a position, or the first one after it that retention has left. */
export async function firstAuditFrom(em: EntityManager, position: number): Promise<{ position: number; hash: string } | null> {
  const rows = await em.query<{ position: string; hash: string }[]>(
    `SELECT position, encode(hash, 'hex') AS hash FROM audit WHERE position >= $1 ORDER BY position LIMIT 1`,
    [position],
  );
  const row = rows[0];
  return row ? { position: Number(row.position), hash: row.hash } : null;
}
