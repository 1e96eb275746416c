import type { EntityManager } from 'typeorm';

export interface KeyedRequest {
  readonly userId: string;
  readonly key: string;
  readonly operation: string;
  readonly hash: Buffer;
}

export interface Claimed {
  readonly operation: string;
  readonly hash: Buffer;
  /** null while the first request is still at work. */
  readonly status: number | null;
  readonly answer: unknown;
}

/**
 * @returns null when the request is ours to serve; otherwise what is known of the one that came first. A claim older than
 * `abandonedBefore` without an answer belongs to a process that died, and is taken over.
 */
export async function claimKey(em: EntityManager, request: KeyedRequest, now: Date, abandonedBefore: Date): Promise<Claimed | null> {
  const { userId, key, operation, hash } = request;
  const claimed = await em.query<unknown[]>(
    `INSERT INTO idempotency_keys AS k (user_id, key, operation, request_hash, claimed_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (user_id, key) DO UPDATE SET claimed_at = $5
       WHERE k.status IS NULL AND k.claimed_at < $6 AND k.operation = $3 AND k.request_hash = $4
     RETURNING 1`,
    [userId, key, operation, hash, now, abandonedBefore],
  );
  if (claimed.length > 0) return null;
  const rows = await em.query<{ operation: string; request_hash: Buffer; status: number | null; answer: unknown }[]>(
    'SELECT operation, request_hash, status, answer FROM idempotency_keys WHERE user_id = $1 AND key = $2',
    [userId, key],
  );
  const row = rows[0];
  // Given up in between: the caller may simply try again.
  if (!row) return { operation, hash, status: null, answer: null };
  return { operation: row.operation, hash: row.request_hash, status: row.status, answer: row.answer };
}

export const keepAnswer = async (em: EntityManager, { userId, key }: KeyedRequest, status: number, answer: unknown): Promise<void> =>
  void (await em.query('UPDATE idempotency_keys SET status = $3, answer = $4 WHERE user_id = $1 AND key = $2', [
    userId,
    key,
    status,
    JSON.stringify(answer ?? null),
  ]));

export const giveUpKey = async (em: EntityManager, { userId, key }: KeyedRequest): Promise<void> =>
  void (await em.query('DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2 AND status IS NULL', [userId, key]));

export const removeOldKeys = async (em: EntityManager, before: Date): Promise<void> =>
  void (await em.query('DELETE FROM idempotency_keys WHERE claimed_at < $1', [before]));
