import type { EntityManager } from 'typeorm';
import { RegistrationTokenEntity } from './registration-token.entity.ts';

export interface TokenRecord {
  readonly id: string;
  readonly groupId: string;
  readonly deviceType: string;
  readonly expiresAt: Date;
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
  await em.insert(RegistrationTokenEntity, { ...token, usedByNode: null });
}

interface TokenRow {
  id: string;
  group_id: string;
  device_type: string;
  expires_at: Date;
  used_at: Date | null;
  used_by_node: string | null;
  public_key: string | null;
}

/** Locks the row: of two nodes with one token, the second waits and then finds it used. */
export async function lockToken(em: EntityManager, tokenHash: Buffer): Promise<TokenRecord | null> {
  const rows = await em.query<TokenRow[]>(
    `SELECT t.id, t.group_id, t.device_type, t.expires_at, t.used_at, t.used_by_node, n.public_key
       FROM registration_tokens t LEFT JOIN nodes n ON n.id = t.used_by_node AND n.revoked_at IS NULL
      WHERE t.token_hash = $1 FOR UPDATE OF t`,
    [tokenHash],
  );
  const row = rows[0];
  if (!row) return null;
  const usedBy = row.used_at ? { nodeId: row.used_by_node, publicKey: row.public_key } : null;
  return { id: row.id, groupId: row.group_id, deviceType: row.device_type, expiresAt: row.expires_at, usedBy };
}

export const markTokenUsed = async (em: EntityManager, id: string, nodeId: string, now: Date): Promise<void> =>
  void (await em.query('UPDATE registration_tokens SET used_by_node = $2, used_at = $3 WHERE id = $1', [id, nodeId, now]));
