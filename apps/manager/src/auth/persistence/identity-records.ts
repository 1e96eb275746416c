import { randomUUID } from 'node:crypto';
import type { PlatformRole } from '@tidegate/contract-api';
import type { EntityManager } from 'typeorm';

export interface IdentityRow {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly created_at: Date;
  readonly last_used_at: Date | null;
}

const COLUMNS = 'id, issuer, subject, created_at, last_used_at';

export const listIdentitiesOf = (em: EntityManager, userId: string): Promise<IdentityRow[]> =>
  em.query<IdentityRow[]>(`SELECT ${COLUMNS} FROM oidc_identities WHERE user_id = $1 ORDER BY issuer, subject`, [userId]);

/** @returns null when this issuer and subject stand for an account already. */
export async function insertIdentity(
  em: EntityManager,
  { userId, issuer, subject }: { userId: string; issuer: string; subject: string },
  now: Date,
): Promise<IdentityRow | null> {
  const rows = await em.query<IdentityRow[]>(
    `INSERT INTO oidc_identities (id, user_id, issuer, subject, created_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (issuer, subject) DO NOTHING RETURNING ${COLUMNS}`,
    [randomUUID(), userId, issuer, subject, now],
  );
  return rows[0] ?? null;
}

export async function deleteIdentity(em: EntityManager, userId: string, id: string): Promise<IdentityRow | null> {
  const [rows] = await em.query<[IdentityRow[], number]>(
    `DELETE FROM oidc_identities WHERE user_id = $1 AND id = $2 RETURNING ${COLUMNS}`,
    [userId, id],
  );
  return rows[0] ?? null;
}

/** Whose identity it is; never found by anything but issuer and subject. */
export const findOwner = async (em: EntityManager, issuer: string, subject: string): Promise<string | null> =>
  (await em.query<{ user_id: string }[]>('SELECT user_id FROM oidc_identities WHERE issuer = $1 AND subject = $2', [issuer, subject]))[0]
    ?.user_id ?? null;

export interface LinkedUser {
  readonly id: string;
  readonly username: string;
  readonly role: PlatformRole;
  readonly role_source: 'manual' | 'oidc';
  readonly disabled_at: Date | null;
  readonly expires_at: Date | null;
}

/** Marks the identity as used and locks its account; null when it was unlinked meanwhile. */
export async function useIdentity(em: EntityManager, issuer: string, subject: string, now: Date): Promise<LinkedUser | null> {
  const rows = await em.query<LinkedUser[]>(
    `SELECT u.id, u.username, u.role, u.role_source, u.disabled_at, u.expires_at
       FROM users u JOIN oidc_identities i ON i.user_id = u.id WHERE i.issuer = $1 AND i.subject = $2 FOR UPDATE`,
    [issuer, subject],
  );
  await em.query('UPDATE oidc_identities SET last_used_at = $3 WHERE issuer = $1 AND subject = $2', [issuer, subject, now]);
  return rows[0] ?? null;
}
