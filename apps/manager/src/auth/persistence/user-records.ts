import { randomUUID } from 'node:crypto';
import type { GroupRole, listUsers, PlatformRole } from '@tidegate/contract-api';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';

export interface UserRow {
  readonly id: string;
  readonly username: string;
  readonly role: PlatformRole;
  readonly disabled_at: Date | null;
  readonly expires_at: Date | null;
  readonly one_time_until: Date | null;
  readonly locked_until: Date | null;
  readonly created_at: Date;
  readonly last_sign_in_at: Date | null;
  readonly revision: number;
  readonly second_factor: boolean;
  readonly memberships: { group_id: string; group: string; role: GroupRole; node_ids: string[] | null }[];
}

const USER = `
  SELECT u.id, u.username, u.role, u.disabled_at, u.expires_at, u.one_time_until, f.locked_until, u.created_at, u.last_sign_in_at,
         u.revision, EXISTS (SELECT FROM second_factors s WHERE s.user_id = u.id AND s.confirmed_at IS NOT NULL) AS second_factor, (
    SELECT coalesce(jsonb_agg(jsonb_build_object('group_id', g.id, 'group', g.name, 'role', m.role, 'node_ids', CASE WHEN m.limited THEN (
             SELECT coalesce(jsonb_agg(mn.node_id ORDER BY mn.node_id), '[]') FROM membership_nodes mn
              WHERE mn.user_id = m.user_id AND mn.group_id = m.group_id) END) ORDER BY g.name), '[]')
      FROM memberships m JOIN groups g ON g.id = m.group_id WHERE m.user_id = u.id) AS memberships
    FROM users u LEFT JOIN sign_in_failures f ON f.username = u.username`;

export const hasUsers = async (em: EntityManager): Promise<boolean> =>
  (await em.query<unknown[]>('SELECT 1 FROM users LIMIT 1')).length > 0;

export interface NewUser {
  readonly username: string;
  readonly passwordHash: string;
  readonly role: PlatformRole;
  readonly expiresAt: Date | null;
  readonly oneTimeUntil: Date | null;
}

/** @returns its id; null when the name is taken. Two processes may start on an empty database together: the second one's does nothing. */
export async function insertUser(em: EntityManager, user: NewUser, now: Date): Promise<string | null> {
  const id = randomUUID();
  const rows = await em.query<unknown[]>(
    `INSERT INTO users (id, username, password_hash, role, created_at, expires_at, one_time_until) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (username) DO NOTHING RETURNING id`,
    [id, user.username, user.passwordHash, user.role, now, user.expiresAt, user.oneTimeUntil],
  );
  return rows.length > 0 ? id : null;
}

export const findUser = async (em: EntityManager, id: string): Promise<UserRow | null> =>
  (await em.query<UserRow[]>(`${USER} WHERE u.id = $1`, [id]))[0] ?? null;

type UserQuery = Pick<z.output<typeof listUsers>, 'search' | 'role' | 'state' | 'limit'>;

/** One more than asked for tells whether there is a next page. */
export const selectUsers = (em: EntityManager, query: UserQuery, after: string | null, now: Date): Promise<UserRow[]> =>
  em.query<UserRow[]>(
    `${USER}
      WHERE ($1::text IS NULL OR position(lower($1) in u.username) > 0)
        AND ($2::text IS NULL OR u.role = $2)
        AND ($3::text IS NULL OR $3 = CASE WHEN u.disabled_at IS NOT NULL THEN 'disabled' WHEN u.expires_at <= $4 THEN 'expired' ELSE 'active' END)
        AND ($5::text IS NULL OR u.username > $5)
      ORDER BY u.username LIMIT $6`,
    [query.search ?? null, query.role ?? null, query.state ?? null, now, after, query.limit + 1],
  );

interface LockedUser {
  readonly id: string;
  readonly username: string;
  readonly role: PlatformRole;
  readonly disabled_at: Date | null;
  readonly expires_at: Date | null;
  readonly revision: number;
}

export const lockUser = async (em: EntityManager, id: string): Promise<LockedUser | null> =>
  (
    await em.query<LockedUser[]>('SELECT id, username, role, disabled_at, expires_at, revision FROM users WHERE id = $1 FOR UPDATE', [id])
  )[0] ?? null;

/**
 * Those who can always put things right: active super_admins without an end. Locks them in one order, so that of two who take
 * the role from each other at the same moment the second one sees what the first has done.
 */
export const lockLastingSuperAdmins = async (em: EntityManager): Promise<string[]> =>
  (
    await em.query<{ id: string }[]>(
      `SELECT id FROM users WHERE role = 'super_admin' AND disabled_at IS NULL AND expires_at IS NULL ORDER BY id FOR UPDATE`,
    )
  ).map((row) => row.id);

export const writeUser = async (
  em: EntityManager,
  user: { id: string; role: PlatformRole; disabledAt: Date | null; expiresAt: Date | null },
): Promise<void> =>
  void (await em.query(
    `UPDATE users SET role_source = CASE WHEN role = $2 THEN role_source ELSE 'manual' END, role = $2, disabled_at = $3, expires_at = $4,
            revision = revision + 1
      WHERE id = $1`,
    [user.id, user.role, user.disabledAt, user.expiresAt],
  ));

/** @param oneTimeUntil null for a password that its owner chose. @returns whether there is such a user. */
export async function writePassword(em: EntityManager, id: string, passwordHash: string, oneTimeUntil: Date | null): Promise<boolean> {
  const [rows] = await em.query<[unknown[], number]>(
    'UPDATE users SET password_hash = $2, one_time_until = $3, revision = revision + 1 WHERE id = $1 RETURNING id',
    [id, passwordHash, oneTimeUntil],
  );
  return rows.length > 0;
}

/** Sessions, tokens and memberships go with it, by their references. */
export const deleteUser = async (em: EntityManager, id: string): Promise<void> =>
  void (await em.query('DELETE FROM users WHERE id = $1', [id]));
