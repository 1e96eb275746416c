import type { EntityManager } from 'typeorm';

/** Notes that somebody watches. @returns since when nobody had, as far as the last note says; null when there is none */
export async function noteWatch(em: EntityManager, now: Date): Promise<Date | null> {
  const rows = await em.query<{ before: Date | null }[]>(
    `WITH before AS (SELECT watched_at FROM upgrade_watch)
     INSERT INTO upgrade_watch (id, watched_at) VALUES (true, $1) ON CONFLICT (id) DO UPDATE SET watched_at = excluded.watched_at
     RETURNING (SELECT watched_at FROM before) AS before`,
    [now],
  );
  return rows[0]?.before ?? null;
}

/** Nobody could hear a node meanwhile: what had not run out when the watch ended gets that time back. */
export async function giveTimeBack(em: EntityManager, since: Date, now: Date): Promise<void> {
  await em.query(
    `UPDATE upgrades SET deadline_at = deadline_at + ($2::timestamptz - $1::timestamptz) WHERE finished_at IS NULL AND deadline_at > $1`,
    [since, now],
  );
  await em.query(
    `UPDATE commands SET expires_at = expires_at + ($2::timestamptz - $1::timestamptz) WHERE settled_at IS NULL AND expires_at > $1`,
    [since, now],
  );
}
