import { isCodedError, type CodedError } from '@tidegate/contract-errors';
import type { EntityManager } from 'typeorm';
import type { SealedColumn } from '../database/data-source.ts';
import { hasKeyIds, selectKeyIds, selectSealed } from '../persistence/secret-key-records.ts';
import { keyIdOfSealed } from './envelope.ts';
import { refuseUnknown, type KeyRing } from './key-ring.ts';
import { placeOf } from './place.ts';
import type { SealedSetting } from './sealed-settings.ts';

const ROWS_AT_ONCE = 500;

/** Opens everything that is sealed in the database and the configuration. @returns one problem of each kind, the first; none when all opens. */
export async function checkSealed(
  em: EntityManager,
  columns: readonly SealedColumn[],
  ring: KeyRing | null,
  settings: readonly SealedSetting[],
): Promise<CodedError[]> {
  const problems = new Map<string, CodedError>();
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      if (!isCodedError(error)) throw error;
      if (!problems.has(error.code)) problems.set(error.code, error);
    }
  };
  const known = await selectKeyIds(em);
  attempt(() => refuseUnknown([...known, ...settings.map(({ sealed }) => keyIdOfSealed(sealed) ?? '')], ring));
  if (!ring) return [...problems.values()];
  for (const { place, sealed } of settings) attempt(() => ring.open(sealed, place));
  for (const column of columns) {
    for (let after: string | undefined = ''; after !== undefined;) {
      const rows = await selectSealed(em, column, after, ROWS_AT_ONCE);
      for (const row of rows) attempt(() => ring.open(row.sealed, placeOf(column, row.id)));
      after = rows.at(-1)?.id;
    }
  }
  return [...problems.values()];
}

/** Ids of the keys that this database's secrets were sealed with and that are not held; none before the schema knows of any. */
export async function missingKeys(em: EntityManager, ring: KeyRing | null): Promise<string[]> {
  const known = (await hasKeyIds(em)) ? await selectKeyIds(em) : [];
  return known.filter((id) => !ring?.ids.includes(id));
}
