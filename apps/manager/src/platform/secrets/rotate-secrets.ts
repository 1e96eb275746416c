import type { EntityManager } from 'typeorm';
import type { SealedColumn } from '../database/data-source.ts';
import type { Database } from '../database/database.ts';
import { deleteKeyIdsExcept, insertKeyId, lockKeyIds, selectKeyIds, selectSealed, writeSealed } from '../persistence/secret-key-records.ts';
import { keyIdOfSealed } from './envelope.ts';
import { refuseUnknown, type KeyRing } from './key-ring.ts';
import { placeOf } from './place.ts';

const ROWS_AT_ONCE = 200;

/** In the transaction of each batch, and of the end (`done`). */
export type RecordRotation = (em: EntityManager, act: { readonly sealedAnew: number; readonly done: boolean }) => Promise<void>;
type Within = <T>(work: (em: EntityManager) => Promise<T>) => Promise<T>;

/**
 * Seals everything anew with the newest key, beside running managers that hold both. A batch is a transaction: cut off anywhere,
 * every value still opens with one of the two keys, and the next run does what is left. Keys that seal nothing any more are
 * forgotten at the end, in one transaction with a last look: from then on no manager asks for them.
 * @returns how many values were sealed anew
 * @throws CodedError secrets_key_wrong, secret_damaged
 */
export async function rotateSecrets(
  { database, columns, ring }: { database: Database; columns: readonly SealedColumn[]; ring: KeyRing },
  now: Date,
  record: RecordRotation,
): Promise<number> {
  await database.transaction(async (em) => {
    await lockKeyIds(em);
    refuseUnknown(await selectKeyIds(em), ring);
    await insertKeyId(em, ring.newestId, now);
  });
  const inBatches: Within = (work) => database.transaction(work);
  const before = await sealAnew(inBatches, columns, ring, (em, sealedAnew) => record(em, { sealedAnew, done: false }));
  const late = await database.transaction(async (em) => {
    await lockKeyIds(em);
    const sealedAnew = await sealAnew((work) => work(em), columns, ring);
    await deleteKeyIdsExcept(em, ring.newestId);
    await record(em, { sealedAnew, done: true });
    return sealedAnew;
  });
  return before + late;
}

async function sealAnew(
  within: Within,
  columns: readonly SealedColumn[],
  ring: KeyRing,
  record?: (em: EntityManager, count: number) => Promise<void>,
): Promise<number> {
  let count = 0;
  for (const column of columns) {
    for (let after: string | null = ''; after !== null;) {
      const from: string = after;
      after = await within(async (em) => {
        const rows = await selectSealed(em, column, from, ROWS_AT_ONCE);
        const old = rows.filter((row) => keyIdOfSealed(row.sealed) !== ring.newestId);
        const renewed = old.map((row) => ({ ...row, renewed: renew(ring, row.sealed, placeOf(column, row.id)) }));
        if (renewed.length > 0) {
          await writeSealed(em, column, renewed);
          await record?.(em, renewed.length);
        }
        count += renewed.length;
        return rows.at(-1)?.id ?? null;
      });
    }
  }
  return count;
}

const renew = (ring: KeyRing, sealed: string, place: string): string => ring.seal(ring.open(sealed, place), place);
