import type { EntityManager } from 'typeorm';

/** Any number; held for as long as partitions are made or dropped, by one replica at a time. */
const PARTITION_LOCK = 7_236_118_051;
const MONTHS_AHEAD = 2;
const DAY_MS = 86_400_000;

const monthOf = (at: Date, ahead = 0): Date => new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + ahead, 1));
const nameOf = (month: Date): string => `events_${month.toISOString().slice(0, 7).replace('-', '_')}`;

/** @returns false when another replica is at it. Belongs first in the transaction. */
async function enter(em: EntityManager): Promise<boolean> {
  // Behind a long query we give up instead of letting every writer queue up behind us.
  await em.query(`SET LOCAL lock_timeout = '5s'`);
  const rows = await em.query<{ entered: boolean }[]>('SELECT pg_try_advisory_xact_lock($1) AS entered', [PARTITION_LOCK]);
  return rows[0]?.entered ?? false;
}

/** Months from this one on that have no partition yet. What arrives before they are made goes to the default partition. */
export async function missingMonths(em: EntityManager, now: Date): Promise<Date[]> {
  const months = Array.from({ length: MONTHS_AHEAD + 1 }, (_, ahead) => monthOf(now, ahead));
  // Months that went by while no manager ran, or under clocks that were wrong.
  const strays = await em.query<{ month: Date }[]>(
    `SELECT DISTINCT date_trunc('month', received_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS month FROM events_default LIMIT 100`,
  );
  const wanted = new Map([...months, ...strays.map((row) => row.month)].map((month) => [nameOf(month), month]));
  const existing = await em.query<{ name: string }[]>('SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL', [
    [...wanted.keys()],
  ]);
  for (const { name } of existing) wanted.delete(name);
  return [...wanted.values()];
}

/**
 * Makes the month's own partition. Rows of that month that lie in the default partition move into it first; PostgreSQL would
 * refuse the new one otherwise.
 */
export async function makePartition(em: EntityManager, month: Date): Promise<void> {
  if (!(await enter(em))) return;
  const name = nameOf(month);
  const [from, to] = [month.toISOString(), monthOf(month, 1).toISOString()];
  // Nothing may arrive in the default partition between the move and the attachment.
  await em.query('LOCK TABLE events_default IN SHARE ROW EXCLUSIVE MODE');
  await em.query(`CREATE TABLE IF NOT EXISTS ${name} (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
  await em.query(
    `WITH moved AS (DELETE FROM events_default WHERE received_at >= $1 AND received_at < $2 RETURNING *) INSERT INTO ${name} SELECT * FROM moved`,
    [from, to],
  );
  await em.query(`ALTER TABLE events ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`);
}

interface PartitionRow {
  name: string;
}

/** Months that ended before the cutoff, oldest first. */
export async function expiredPartitions(em: EntityManager, now: Date, days: number): Promise<string[]> {
  const cutoff = monthOf(new Date(now.getTime() - days * DAY_MS));
  const rows = await em.query<PartitionRow[]>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'events'::regclass AND c.relname ~ '^events_[0-9]{4}_[0-9]{2}$' AND c.relname < $1 ORDER BY 1`,
    [nameOf(cutoff)],
  );
  return rows.map((row) => row.name);
}

/** Rows without a position are still waited for: such a partition stays until they have one. @returns whether it is gone. */
export async function dropPartition(em: EntityManager, name: string): Promise<boolean> {
  if (!(await enter(em))) return false;
  const rows = await em.query<{ waiting: boolean }[]>(`SELECT EXISTS (SELECT FROM ${name} WHERE position IS NULL) AS waiting`);
  if (rows[0]?.waiting) return false;
  await em.query(`DROP TABLE ${name}`);
  return true;
}

/** What a node of the distant past left in the default partition. */
export const removeExpiredStrays = async (em: EntityManager, now: Date, days: number): Promise<void> =>
  void (await em.query('DELETE FROM events_default WHERE received_at < $1 AND position IS NOT NULL', [
    new Date(now.getTime() - days * DAY_MS),
  ]));
