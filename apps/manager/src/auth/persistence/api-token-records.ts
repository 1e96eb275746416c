import type { TokenScope } from '@tidegate/contract-api';
import type { EntityManager } from 'typeorm';
import type { Identity } from '../access-rule.ts';
import { ACTIVE, MEMBERSHIPS, tokenPrincipalOf, type PrincipalRow } from './principal.ts';

export interface ApiTokenRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: TokenScope[];
  readonly group_ids: string[] | null;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly last_used_at: Date | null;
}

const COLUMNS = 'id, name, scopes, group_ids, created_at, expires_at, last_used_at';

export const listTokensOf = (em: EntityManager, userId: string): Promise<ApiTokenRow[]> =>
  em.query<ApiTokenRow[]>(`SELECT ${COLUMNS} FROM api_tokens WHERE user_id = $1 ORDER BY name`, [userId]);

/** Locks the owner, so that two requests at once do not pass the limit together. */
export async function countTokensOf(em: EntityManager, userId: string): Promise<number> {
  await em.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [userId]);
  const [row] = await em.query<{ count: number }[]>('SELECT count(*)::int AS count FROM api_tokens WHERE user_id = $1', [userId]);
  return row?.count ?? 0;
}

export interface NewApiToken {
  readonly id: string;
  readonly tokenHash: Buffer;
  readonly userId: string;
  readonly name: string;
  readonly scopes: readonly TokenScope[];
  readonly groupIds: readonly string[] | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** @returns null when the owner has one of this name. */
export async function insertToken(em: EntityManager, token: NewApiToken): Promise<ApiTokenRow | null> {
  const rows = await em.query<ApiTokenRow[]>(
    `INSERT INTO api_tokens (id, token_hash, user_id, name, scopes, group_ids, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (user_id, name) DO NOTHING RETURNING ${COLUMNS}`,
    [token.id, token.tokenHash, token.userId, token.name, token.scopes, token.groupIds, token.createdAt, token.expiresAt],
  );
  return rows[0] ?? null;
}

/** @returns its name; null when the user has no such token. */
export async function deleteToken(em: EntityManager, userId: string, id: string): Promise<string | null> {
  const [rows] = await em.query<[{ name: string }[], number]>('DELETE FROM api_tokens WHERE user_id = $1 AND id = $2 RETURNING name', [
    userId,
    id,
  ]);
  return rows[0]?.name ?? null;
}

interface ResumedRow extends PrincipalRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: TokenScope[];
  readonly group_ids: string[] | null;
  readonly expires_at: Date;
}

/**
 * One statement per request: who it is and what they may do, whether or not the time is up. Its use is noted only when the last
 * note is older than `notedBefore`: a script that asks a hundred times a second must not write as often.
 */
export async function resumeToken(em: EntityManager, tokenHash: Buffer, now: Date, notedBefore: Date): Promise<Identity | null> {
  const rows = await em.query<ResumedRow[]>(
    `WITH noted AS (
       UPDATE api_tokens SET last_used_at = $2 WHERE token_hash = $1 AND expires_at > $2 AND (last_used_at IS NULL OR last_used_at < $3)
     )
     SELECT t.id, t.name, t.scopes, t.group_ids, t.expires_at, u.id AS user_id, u.username, u.role, ${MEMBERSHIPS} AS memberships
       FROM api_tokens t JOIN users u ON u.id = t.user_id
      WHERE t.token_hash = $1 AND ${ACTIVE}`,
    [tokenHash, now, notedBefore],
  );
  const row = rows[0];
  if (!row) return null;
  return {
    principal: tokenPrincipalOf(row, row.scopes, row.group_ids),
    actor: `${row.username} (token ${row.name})`,
    expiresAt: row.expires_at,
    method: null,
    passwordChangeRequired: false,
    secondFactorSetupRequired: false,
    credentialId: row.id,
  };
}
