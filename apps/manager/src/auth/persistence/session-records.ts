import type { PlatformRole, SignInMethod } from '@tidegate/contract-api';
import type { EntityManager } from 'typeorm';
import type { Identity } from '../access-rule.ts';
import { ACTIVE, MEMBERSHIPS, principalOf, type PrincipalRow } from './principal.ts';

export async function openSession(
  em: EntityManager,
  session: { idHash: Buffer; userId: string; now: Date; expiresAt: Date; address: string; userAgent: string | null; method: SignInMethod },
): Promise<void> {
  const { idHash, userId, now, expiresAt, address, userAgent, method } = session;
  await em.query(
    `INSERT INTO account_sessions (id_hash, user_id, created_at, last_used_at, expires_at, address, user_agent, method)
     VALUES ($1, $2, $3, $3, $4, $5, $6, $7)`,
    [idHash, userId, now, expiresAt, address, userAgent, method],
  );
}

export const endOldest = async (em: EntityManager, userId: string, keep: number): Promise<void> =>
  void (await em.query(
    `DELETE FROM account_sessions WHERE id_hash IN (
       SELECT id_hash FROM account_sessions WHERE user_id = $1 ORDER BY last_used_at DESC, id_hash OFFSET $2)`,
    [userId, keep],
  ));

export const endSession = async (em: EntityManager, idHash: Buffer): Promise<void> =>
  void (await em.query('DELETE FROM account_sessions WHERE id_hash = $1', [idHash]));

/** @returns whether there was one. */
export async function endSessionOf(em: EntityManager, userId: string, id: string): Promise<boolean> {
  const [rows] = await em.query<[unknown[], number]>('DELETE FROM account_sessions WHERE user_id = $1 AND id = $2 RETURNING id', [
    userId,
    id,
  ]);
  return rows.length > 0;
}

/** @returns how many; `exceptId` is spared. */
export async function endSessionsOf(em: EntityManager, userId: string, exceptId: string | null = null): Promise<number> {
  const [rows] = await em.query<[unknown[], number]>(
    'DELETE FROM account_sessions WHERE user_id = $1 AND id IS DISTINCT FROM $2::uuid RETURNING id',
    [userId, exceptId],
  );
  return rows.length;
}

/** Those that a provider opened. @returns how many. */
export async function endSessionsBy(em: EntityManager, userId: string, method: SignInMethod): Promise<number> {
  const [rows] = await em.query<[unknown[], number]>('DELETE FROM account_sessions WHERE user_id = $1 AND method = $2 RETURNING id', [
    userId,
    method,
  ]);
  return rows.length;
}

export interface SessionRow {
  readonly id: string;
  readonly created_at: Date;
  readonly last_used_at: Date;
  readonly expires_at: Date;
  readonly address: string;
  readonly user_agent: string | null;
  readonly method: SignInMethod;
}

export const listSessionsOf = (em: EntityManager, userId: string, now: Date, idleAfter: Date): Promise<SessionRow[]> =>
  em.query<SessionRow[]>(
    `SELECT id, created_at, last_used_at, expires_at, address, user_agent, method FROM account_sessions
      WHERE user_id = $1 AND expires_at > $2 AND last_used_at > $3 ORDER BY last_used_at DESC, id`,
    [userId, now, idleAfter],
  );

interface ResumedRow extends PrincipalRow {
  readonly id: string;
  readonly expires_at: Date;
  readonly method: SignInMethod;
  readonly one_time: boolean;
  readonly one_factor: boolean;
}

interface ResumeRules {
  readonly now: Date;
  readonly idleAfter: Date;
  readonly used: boolean;
  readonly asksSecondFactorOf: (role: PlatformRole) => boolean;
}

/** One statement per request: marks the session as used (unless only looked at) and reads who it is and what they may do. */
export async function resumeSession(
  em: EntityManager,
  idHash: Buffer,
  { now, idleAfter, used, asksSecondFactorOf }: ResumeRules,
): Promise<Identity | null> {
  const [rows] = await em.query<[ResumedRow[], number]>(
    `UPDATE account_sessions s SET last_used_at = CASE WHEN $4 THEN $2 ELSE s.last_used_at END
       FROM users u
      WHERE s.id_hash = $1 AND u.id = s.user_id AND s.expires_at > $2 AND s.last_used_at > $3 AND ${ACTIVE}
     RETURNING s.id, s.method, u.id AS user_id, u.username, u.role, least(s.expires_at, u.expires_at) AS expires_at,
       u.one_time_until IS NOT NULL AND s.method = 'password' AS one_time,
       s.method = 'password' AND NOT EXISTS (SELECT FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL) AS one_factor,
       ${MEMBERSHIPS} AS memberships`,
    [idHash, now, idleAfter, used],
  );
  const row = rows[0];
  if (!row) return null;
  return {
    principal: principalOf(row),
    actor: row.username,
    expiresAt: row.expires_at,
    method: row.method,
    passwordChangeRequired: row.one_time,
    secondFactorSetupRequired: row.one_factor && asksSecondFactorOf(row.role),
    credentialId: row.id,
  };
}

export const removeExpired = async (em: EntityManager, now: Date, idleAfter: Date): Promise<void> =>
  void (await em.query('DELETE FROM account_sessions WHERE expires_at < $1 OR last_used_at < $2', [now, idleAfter]));
