import type { EntityManager } from 'typeorm';

/**
 * Renews, takes or makes the lease, whichever applies. A taker skips a row that a fenced transaction still holds: who takes
 * over must not act beside a write that is about to commit. A renewal does not wait for it, the two locks go together.
 * @returns the fencing number, or null while somebody else holds it.
 */
export async function holdLease(em: EntityManager, name: string, holder: string, ttlMs: number): Promise<number | null> {
  const rows = await em.query<{ fence: string }[]>(
    `WITH renewed AS (
       UPDATE leases SET expires_at = clock_timestamp() + $3 * interval '1 millisecond' WHERE name = $1 AND holder = $2 RETURNING fence
     ), free AS (
       SELECT name FROM leases WHERE name = $1 AND holder IS DISTINCT FROM $2 AND expires_at <= clock_timestamp() FOR UPDATE SKIP LOCKED
     ), taken AS (
       UPDATE leases l SET holder = $2, fence = l.fence + 1, expires_at = clock_timestamp() + $3 * interval '1 millisecond'
         FROM free WHERE l.name = free.name RETURNING l.fence
     ), made AS (
       INSERT INTO leases (name, holder, fence, expires_at) VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond')
       ON CONFLICT DO NOTHING RETURNING fence
     )
     SELECT fence FROM renewed UNION ALL SELECT fence FROM taken UNION ALL SELECT fence FROM made`,
    [name, holder, ttlMs],
  );
  return rows[0] ? Number(rows[0].fence) : null;
}

export async function lockFence(em: EntityManager, name: string, holder: string, fence: number): Promise<boolean> {
  const rows = await em.query<unknown[]>('SELECT 1 FROM leases WHERE name = $1 AND holder = $2 AND fence = $3 FOR KEY SHARE', [
    name,
    holder,
    fence,
  ]);
  return rows.length > 0;
}

export const releaseLease = async (em: EntityManager, name: string, holder: string): Promise<void> =>
  void (await em.query(`UPDATE leases SET holder = NULL, expires_at = clock_timestamp() WHERE name = $1 AND holder = $2`, [name, holder]));
