import type { EntityManager } from 'typeorm';
import type { SealedColumn } from '../database/data-source.ts';

/** Any number; held while it is decided which key an installation has. */
const KEY_LOCK = 7_236_118_073;

/** First statement of its transaction: two replicas may start on an empty database together. */
export const lockKeyIds = async (em: EntityManager): Promise<void> => void (await em.query('SELECT pg_advisory_xact_lock($1)', [KEY_LOCK]));

export const hasKeyIds = async (em: EntityManager): Promise<boolean> =>
  (await em.query<{ there: boolean }[]>(`SELECT to_regclass('secret_keys') IS NOT NULL AS there`))[0]?.there ?? false;

/** Of every key that sealed something in this database. */
export const selectKeyIds = async (em: EntityManager): Promise<string[]> =>
  (await em.query<{ key_id: string }[]>('SELECT key_id FROM secret_keys ORDER BY created_at, key_id')).map((row) => row.key_id);

export const insertKeyId = async (em: EntityManager, keyId: string, now: Date): Promise<void> =>
  void (await em.query('INSERT INTO secret_keys (key_id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING', [keyId, now]));

export const deleteKeyIdsExcept = async (em: EntityManager, keyId: string): Promise<void> =>
  void (await em.query('DELETE FROM secret_keys WHERE key_id <> $1', [keyId]));

export interface SealedRow {
  readonly id: string;
  readonly sealed: string;
}

/** In the order of their ids, after `after`. Names come from the code, never from a request. */
export const selectSealed = (em: EntityManager, { table, id, column }: SealedColumn, after: string, limit: number): Promise<SealedRow[]> =>
  em.query<SealedRow[]>(
    `SELECT ${id}::text AS id, ${column} AS sealed FROM ${table}
      WHERE ${column} IS NOT NULL AND ${id}::text > $1 ORDER BY ${id}::text LIMIT $2`,
    [after, limit],
  );

/** Only what is still as it was read: a manager may have written another value meanwhile. */
export const writeSealed = async (
  em: EntityManager,
  { table, id, column }: SealedColumn,
  rows: readonly (SealedRow & { readonly renewed: string })[],
): Promise<void> =>
  void (await em.query(
    `UPDATE ${table} t SET ${column} = n.renewed FROM unnest($1::text[], $2::text[], $3::text[]) AS n (id, sealed, renewed)
      WHERE t.${id}::text = n.id AND t.${column} = n.sealed`,
    [rows.map((row) => row.id), rows.map((row) => row.sealed), rows.map((row) => row.renewed)],
  ));

/** The rows themselves: without its secret none of them is of use. Only what is still as it was read. */
export const deleteSealed = async (em: EntityManager, { table, id, column }: SealedColumn, rows: readonly SealedRow[]): Promise<void> =>
  void (await em.query(
    `DELETE FROM ${table} t USING unnest($1::text[], $2::text[]) AS n (id, sealed) WHERE t.${id}::text = n.id AND t.${column} = n.sealed`,
    [rows.map((row) => row.id), rows.map((row) => row.sealed)],
  ));
