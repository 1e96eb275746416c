import type { EntityManager } from 'typeorm';

/** What signing in needs to know of an account. */
export interface Account {
  readonly id: string;
  readonly username: string;
  readonly passwordHash: string;
  readonly disabledAt: Date | null;
  readonly expiresAt: Date | null;
  /** The password is a one-time password, valid until then; null for one that its owner chose. */
  readonly oneTimeUntil: Date | null;
}

interface AccountRow {
  id: string;
  username: string;
  password_hash: string;
  disabled_at: Date | null;
  expires_at: Date | null;
  one_time_until: Date | null;
}

/** The account of a name and until when the name is locked; the lock is there whether the account is or not. */
export async function findForSignIn(em: EntityManager, username: string): Promise<{ account: Account | null; lockedUntil: Date | null }> {
  const [row] = await em.query<(Partial<AccountRow> & { locked_until: Date | null })[]>(
    `SELECT u.id, u.username, u.password_hash, u.disabled_at, u.expires_at, u.one_time_until, f.locked_until
       FROM (SELECT $1::text AS name) asked
       LEFT JOIN users u ON u.username = asked.name
       LEFT JOIN sign_in_failures f ON f.username = asked.name`,
    [username],
  );
  return { account: row?.id ? accountOf(row as AccountRow) : null, lockedUntil: row?.locked_until ?? null };
}

const accountOf = (row: AccountRow): Account => ({
  id: row.id,
  username: row.username,
  passwordHash: row.password_hash,
  disabledAt: row.disabled_at,
  expiresAt: row.expires_at,
  oneTimeUntil: row.one_time_until,
});

/** From the fifth failure on the name is locked: 60 s, doubling with each further one, at most 15 minutes. */
export async function countFailure(em: EntityManager, username: string, now: Date): Promise<void> {
  await em.query(
    `INSERT INTO sign_in_failures AS f (username, failures, updated_at) VALUES ($1, 1, $2)
     ON CONFLICT (username) DO UPDATE SET failures = f.failures + 1, updated_at = $2,
       locked_until = CASE WHEN f.failures + 1 >= 5
         THEN $2::timestamptz + least(60 * power(2, least(f.failures + 1 - 5, 10)), 900) * interval '1 second' END`,
    [username, now],
  );
}

/** @returns whether there were any. */
export async function clearFailures(em: EntityManager, username: string): Promise<boolean> {
  const [rows] = await em.query<[unknown[], number]>('DELETE FROM sign_in_failures WHERE username = $1 RETURNING username', [username]);
  return rows.length > 0;
}

export const removeOldFailures = async (em: EntityManager, before: Date): Promise<void> =>
  void (await em.query('DELETE FROM sign_in_failures WHERE updated_at < $1', [before]));

export const markSignedIn = async (em: EntityManager, userId: string, now: Date): Promise<void> =>
  void (await em.query('UPDATE users SET last_sign_in_at = $2 WHERE id = $1', [userId, now]));
