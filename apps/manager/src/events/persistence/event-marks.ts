import type { EntityManager } from 'typeorm';

/** A spool of a node: within it the node counts its events. */
export interface SpoolKey {
  readonly nodeId: string;
  readonly spoolId: string;
}
export const spoolText = ({ nodeId, spoolId }: SpoolKey): string => `${nodeId}/${spoolId}`;

/**
 * Raises the spools' high-water marks. The marks are locked in one order, so that two batches never wait for each other.
 * @returns for each spool the mark it had, by `spoolText`
 */
export async function raiseMarks(
  em: EntityManager,
  raised: readonly (SpoolKey & { readonly seq: number })[],
): Promise<Map<string, number>> {
  const before = await raiseKnown(em, raised);
  const unknown = raised.filter((mark) => !before.has(spoolText(mark)));
  if (unknown.length === 0) return before;
  const sorted = [...unknown].sort((a, b) => (spoolText(a) < spoolText(b) ? -1 : 1));
  await em.query(
    `INSERT INTO event_marks (node_id, spool_id, seq) SELECT n, s, 0 FROM unnest($1::uuid[], $2::uuid[]) AS t(n, s) ON CONFLICT DO NOTHING`,
    [sorted.map((mark) => mark.nodeId), sorted.map((mark) => mark.spoolId)],
  );
  // Another replica may have made and raised the same mark at the same time: what it was is read under the lock.
  for (const [key, seq] of await raiseKnown(em, unknown)) before.set(key, seq);
  return before;
}

async function raiseKnown(em: EntityManager, raised: readonly (SpoolKey & { readonly seq: number })[]): Promise<Map<string, number>> {
  const [rows] = await em.query<[{ node_id: string; spool_id: string; seq: string }[], number]>(
    `WITH raised AS (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS t(n, s, q)),
          locked AS (
            SELECT m.node_id, m.spool_id, m.seq, r.q FROM event_marks m JOIN raised r ON m.node_id = r.n AND m.spool_id = r.s
             ORDER BY m.node_id, m.spool_id FOR UPDATE OF m)
     UPDATE event_marks m SET seq = greatest(m.seq, l.q) FROM locked l WHERE m.node_id = l.node_id AND m.spool_id = l.spool_id
     RETURNING l.node_id, l.spool_id, l.seq`,
    [raised.map((mark) => mark.nodeId), raised.map((mark) => mark.spoolId), raised.map((mark) => mark.seq)],
  );
  return new Map(rows.map((row) => [spoolText({ nodeId: row.node_id, spoolId: row.spool_id }), Number(row.seq)]));
}
