import type { AuditHead, AuditKeyList } from '@tidegate/contract-api';
import type { EntityManager } from 'typeorm';
import type { SealedColumn } from '../../platform/index.ts';

/** Any number; held while the installation gets its first key. */
const KEY_LOCK = 7_236_118_061;

type KeyView = AuditKeyList['items'][number];

interface HeadRow {
  kind: AuditHead['kind'];
  position: string;
  hash: string;
  signed_at: Date;
  key_id: string;
  signature: string;
}
const headOf = (row: HeadRow): AuditHead => ({ ...row, position: Number(row.position), signed_at: row.signed_at.toISOString() });
const COLUMNS = `kind, position, encode(hash, 'hex') AS hash, signed_at, key_id, signature`;

export const selectHeads = async (em: EntityManager): Promise<AuditHead[]> =>
  (await em.query<HeadRow[]>(`SELECT ${COLUMNS} FROM audit_heads ORDER BY position, kind`)).map(headOf);

export async function selectNewestHead(em: EntityManager): Promise<AuditHead | null> {
  const rows = await em.query<HeadRow[]>(`SELECT ${COLUMNS} FROM audit_heads ORDER BY position DESC, kind LIMIT 1`);
  return rows[0] ? headOf(rows[0]) : null;
}

/** Two replicas with the same key may sign the same position: one head is enough. */
export const insertHead = async (em: EntityManager, head: AuditHead): Promise<void> =>
  void (await em.query(
    `INSERT INTO audit_heads (kind, position, hash, signed_at, key_id, signature) VALUES ($1, $2, decode($3, 'hex'), $4, $5, $6)
     ON CONFLICT DO NOTHING`,
    [head.kind, head.position, head.hash, head.signed_at, head.key_id, head.signature],
  ));

/** A head proves everything before it: of days that are over, the last one is enough. */
export const thinHeads = async (em: EntityManager, before: Date): Promise<void> =>
  void (await em.query(
    `DELETE FROM audit_heads h WHERE h.kind = 'head' AND h.signed_at < $1 AND EXISTS (
       SELECT FROM audit_heads n WHERE n.kind = 'head' AND n.position > h.position
          AND date_trunc('day', n.signed_at, 'UTC') = date_trunc('day', h.signed_at, 'UTC'))`,
    [before],
  ));

/** The lowest head that covers nothing but rows from before the cutoff, and at least one of them. */
export async function expiredHead(em: EntityManager, before: Date): Promise<AuditHead | null> {
  const rows = await em.query<HeadRow[]>(
    `SELECT ${COLUMNS} FROM audit_heads h WHERE h.kind = 'head'
        AND EXISTS (SELECT FROM audit a WHERE a.position = h.position AND a.hash = h.hash AND a.at < $1)
      ORDER BY h.position LIMIT 1`,
    [before],
  );
  return rows[0] ? headOf(rows[0]) : null;
}

/** Everything up to the anchor goes; the anchor says so, and is what the rest hangs on. */
export async function removeUpTo(em: EntityManager, anchor: AuditHead): Promise<void> {
  await insertHead(em, anchor);
  await em.query('DELETE FROM audit WHERE position <= $1', [anchor.position]);
  await em.query(`DELETE FROM audit_heads WHERE position < $1 OR (position = $1 AND kind = 'head')`, [anchor.position]);
}

export const selectKeys = async (em: EntityManager): Promise<KeyView[]> =>
  (
    await em.query<{ key_id: string; public_key: string; created_at: Date }[]>(
      'SELECT key_id, public_key, created_at FROM audit_keys ORDER BY created_at, key_id',
    )
  ).map((row) => ({ ...row, created_at: row.created_at.toISOString() }));

/** First statement of the transaction that decides whether a key is made: two replicas may start on an empty database together. */
export const lockKeys = async (em: EntityManager): Promise<void> => void (await em.query('SELECT pg_advisory_xact_lock($1)', [KEY_LOCK]));

export const SEALED_KEY: SealedColumn = { table: 'audit_keys', id: 'key_id', column: 'sealed_key' };

/** The one that signs: the last that was put there. */
export const selectSealedKey = async (em: EntityManager): Promise<{ id: string; sealed: string } | null> =>
  (
    await em.query<{ id: string; sealed: string }[]>(
      'SELECT key_id AS id, sealed_key AS sealed FROM audit_keys WHERE sealed_key IS NOT NULL ORDER BY sealed_at DESC, key_id LIMIT 1',
    )
  )[0] ?? null;

/** Of a key that an earlier release knew only the public half is there. */
export const insertKey = async (
  em: EntityManager,
  { keyId, publicKey, sealed }: { keyId: string; publicKey: string; sealed: string },
  now: Date,
): Promise<void> =>
  void (await em.query(
    `INSERT INTO audit_keys (key_id, public_key, created_at, sealed_key, sealed_at) VALUES ($1, $2, $3, $4, $3)
     ON CONFLICT (key_id) DO UPDATE SET sealed_key = $4, sealed_at = $3`,
    [keyId, publicKey, now, sealed],
  ));
