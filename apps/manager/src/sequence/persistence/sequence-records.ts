import type { EntityManager } from 'typeorm';

/** The last row of a stream that has a position. */
export interface SequenceHead {
  /** 0 before the first row. */
  readonly position: number;
  /** What tells this row from any other that could stand at its position: its id, or its hash in a chain. Empty at 0. */
  readonly tag: string;
}

interface HeadRow {
  position: string;
  tag: string;
}
const headOf = (row: HeadRow | undefined): SequenceHead => ({ position: Number(row?.position ?? 0), tag: row?.tag ?? '' });

/**
 * First of a transaction that assigns. What waits is found by a small index from which entries come and go all the time; only a plain
 * scan of it marks those that are gone, a bitmap scan walks over all of them until the next vacuum.
 */
export const prepareAssignment = async (em: EntityManager): Promise<void> =>
  void (await em.query(`SET LOCAL lock_timeout = '5s'; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off`));

/** Waits for whoever assigns at the moment; nobody else does until this transaction ends. */
export async function lockHead(em: EntityManager, stream: string): Promise<SequenceHead> {
  return headOf((await em.query<HeadRow[]>('SELECT position, tag FROM sequence_heads WHERE stream = $1 FOR UPDATE', [stream]))[0]);
}

export const readHead = async (em: EntityManager, stream: string): Promise<SequenceHead> =>
  headOf((await em.query<HeadRow[]>('SELECT position, tag FROM sequence_heads WHERE stream = $1', [stream]))[0]);

export const storeHead = async (em: EntityManager, stream: string, head: SequenceHead): Promise<void> =>
  void (await em.query('UPDATE sequence_heads SET position = $2, tag = $3 WHERE stream = $1', [stream, head.position, head.tag]));
