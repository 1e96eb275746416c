import { randomUUID } from 'node:crypto';
import type { GroupRole, PlatformRole } from '@tidegate/contract-api';
import type { Membership, Principal } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import { AccountSessionEntity } from './account-session.entity.ts';
import { UserEntity } from './user.entity.ts';

export interface Account {
  readonly id: string;
  readonly username: string;
  readonly passwordHash: string;
  readonly role: PlatformRole;
}

export const findAccount = (em: EntityManager, username: string): Promise<Account | null> => em.findOneBy(UserEntity, { username });
export const hasAccounts = (em: EntityManager): Promise<boolean> => em.exists(UserEntity);

/** Two processes may start on an empty database together: the second one's insert does nothing. */
export async function createAccount(em: EntityManager, account: Omit<Account, 'id'>, now: Date): Promise<string | null> {
  const id = randomUUID();
  const rows = await em.query<{ id: string }[]>(
    `INSERT INTO users (id, username, password_hash, role, created_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (username) DO NOTHING RETURNING id`,
    [id, account.username, account.passwordHash, account.role, now],
  );
  return rows.length > 0 ? id : null;
}

export async function openSession(
  em: EntityManager,
  session: { idHash: Buffer; userId: string; now: Date; expiresAt: Date; address: string },
): Promise<void> {
  const { idHash, userId, now, expiresAt, address } = session;
  await em.insert(AccountSessionEntity, { idHash, userId, createdAt: now, lastUsedAt: now, expiresAt, address });
}

export const closeSession = async (em: EntityManager, idHash: Buffer): Promise<void> =>
  void (await em.delete(AccountSessionEntity, { idHash }));

interface SessionRow {
  user_id: string;
  username: string;
  role: PlatformRole;
  expires_at: Date;
  memberships: Record<string, GroupRole> | null;
}

/** One statement per request: marks the session as used and reads who it is and what they may do. */
export async function resumeSession(
  em: EntityManager,
  idHash: Buffer,
  now: Date,
  idleAfter: Date,
): Promise<{ principal: Principal; expiresAt: Date } | null> {
  const [rows] = await em.query<[SessionRow[], number]>(
    `UPDATE account_sessions s SET last_used_at = $2
       FROM users u
      WHERE s.id_hash = $1 AND u.id = s.user_id AND s.expires_at > $2 AND s.last_used_at > $3
     RETURNING u.id AS user_id, u.username, u.role, s.expires_at,
       (SELECT jsonb_object_agg(m.group_id, m.role) FROM memberships m WHERE m.user_id = u.id) AS memberships`,
    [idHash, now, idleAfter],
  );
  const row = rows[0];
  if (!row) return null;
  const memberships = new Map(
    Object.entries(row.memberships ?? {}).map(([id, role]): [string, Membership] => [id, { role, nodeIds: null }]),
  );
  const principal = { userId: row.user_id, username: row.username, role: row.role, memberships, scopes: null };
  return { principal, expiresAt: row.expires_at };
}

export async function lockedUntil(em: EntityManager, username: string): Promise<Date | null> {
  const rows = await em.query<{ locked_until: Date | null }[]>('SELECT locked_until FROM sign_in_failures WHERE username = $1', [username]);
  return rows[0]?.locked_until ?? null;
}

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
export const clearFailures = async (em: EntityManager, username: string): Promise<void> =>
  void (await em.query('DELETE FROM sign_in_failures WHERE username = $1', [username]));

export async function removeExpired(em: EntityManager, now: Date, failuresBefore: Date): Promise<void> {
  await em.query('DELETE FROM account_sessions WHERE expires_at < $1', [now]);
  await em.query('DELETE FROM sign_in_failures WHERE updated_at < $1', [failuresBefore]);
}
