import type { RegistrationTokenInfo } from '@tidegate/contract-api';
import type { Reach } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import { RegistrationTokenEntity } from './registration-token.entity.ts';

export interface TokenRecord {
  readonly id: string;
  readonly groupId: string;
  readonly deviceType: string;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  /** The id and key of the node that used it. */
  readonly usedBy: { readonly nodeId: string | null; readonly publicKey: string | null } | null;
}

export const findGroupByName = async (em: EntityManager, name: string): Promise<string | null> => {
  const rows = await em.query<{ id: string }[]>('SELECT id FROM groups WHERE name = $1', [name]);
  return rows[0]?.id ?? null;
};

export async function storeToken(
  em: EntityManager,
  token: { id: string; tokenHash: Buffer; groupId: string; deviceType: string; createdBy: string; createdAt: Date; expiresAt: Date },
): Promise<void> {
  await em.insert(RegistrationTokenEntity, { ...token, usedByNode: null, usedAt: null });
}

interface TokenRow {
  id: string;
  group_id: string;
  device_type: string;
  expires_at: Date;
  revoked_at: Date | null;
  used_at: Date | null;
  used_by_node: string | null;
  public_key: string | null;
}

/** Locks the row: of two nodes with one token, the second waits and then finds it used. */
export async function lockToken(em: EntityManager, tokenHash: Buffer): Promise<TokenRecord | null> {
  const rows = await em.query<TokenRow[]>(
    `SELECT t.id, t.group_id, t.device_type, t.expires_at, t.revoked_at, t.used_at, t.used_by_node, n.public_key
       FROM registration_tokens t LEFT JOIN nodes n ON n.id = t.used_by_node AND n.revoked_at IS NULL
      WHERE t.token_hash = $1 FOR UPDATE OF t`,
    [tokenHash],
  );
  const row = rows[0];
  if (!row) return null;
  const usedBy = row.used_at ? { nodeId: row.used_by_node, publicKey: row.public_key } : null;
  return { id: row.id, groupId: row.group_id, deviceType: row.device_type, expiresAt: row.expires_at, revokedAt: row.revoked_at, usedBy };
}

export const markTokenUsed = async (em: EntityManager, id: string, nodeId: string, now: Date): Promise<void> =>
  void (await em.query('UPDATE registration_tokens SET used_by_node = $2, used_at = $3 WHERE id = $1', [id, nodeId, now]));

/** As it is shown; with the group's id, to ask whether the caller may see it. */
export interface TokenInfo extends Omit<RegistrationTokenInfo, 'created_at' | 'expires_at' | 'used_at' | 'revoked_at'> {
  readonly group_id: string;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly used_at: Date | null;
  readonly revoked_at: Date | null;
  readonly cursor_time: string;
}

export interface TokenQuery {
  readonly now: Date;
  readonly reach: Reach | null;
  readonly id?: string | undefined;
  readonly group?: string | undefined;
  readonly device_type?: string | undefined;
  readonly state?: RegistrationTokenInfo['state'] | undefined;
  readonly limit: number;
  readonly after: { readonly at: string; readonly id: string } | null;
}

/** Newest first. A node that has moved out of the token's group is not named. */
export const selectTokens = (em: EntityManager, query: TokenQuery): Promise<TokenInfo[]> =>
  em.query<TokenInfo[]>(
    `SELECT * FROM (
       SELECT t.id, t.group_id, g.name AS "group", t.device_type, t.created_by, t.created_at, t.expires_at, t.used_at, t.revoked_at,
         to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' AS cursor_time,
         CASE WHEN n.group_id = t.group_id THEN t.used_by_node END AS used_by_node,
         CASE WHEN t.used_at IS NOT NULL THEN 'used' WHEN t.revoked_at IS NOT NULL THEN 'revoked' WHEN t.expires_at <= $1 THEN 'expired'
           ELSE 'open' END AS state
         FROM registration_tokens t JOIN groups g ON g.id = t.group_id LEFT JOIN nodes n ON n.id = t.used_by_node
     ) AS t
      WHERE ($2::uuid[] IS NULL OR group_id = ANY($2)) AND ($3::uuid IS NULL OR id = $3) AND ($4::text IS NULL OR "group" = $4)
        AND ($5::text IS NULL OR device_type = $5) AND ($6::text IS NULL OR state = $6)
        AND ($7::timestamptz IS NULL OR (created_at, id) < ($7, $8::uuid))
      ORDER BY created_at DESC, id DESC LIMIT $9`,
    [
      query.now,
      query.reach?.groupIds ?? null,
      query.id ?? null,
      query.group ?? null,
      query.device_type ?? null,
      query.state ?? null,
      query.after?.at ?? null,
      query.after?.id ?? null,
      query.limit,
    ],
  );

export const markTokenRevoked = async (em: EntityManager, id: string, by: string, now: Date): Promise<void> =>
  void (await em.query('UPDATE registration_tokens SET revoked_at = $2, revoked_by = $3 WHERE id = $1 AND revoked_at IS NULL', [
    id,
    now,
    by,
  ]));

export const lockTokenById = async (em: EntityManager, id: string): Promise<void> =>
  void (await em.query('SELECT 1 FROM registration_tokens WHERE id = $1 FOR UPDATE', [id]));
