import type { EntityManager } from 'typeorm';
import type { SealedColumn } from '../database/data-source.ts';
import type { Database } from '../database/database.ts';
import {
  deleteKeyIdsExcept,
  deleteSealed,
  insertKeyId,
  lockKeyIds,
  selectKeyIds,
  selectSealed,
  writeSealed,
} from '../persistence/secret-key-records.ts';
import { keyIdOfSealed } from './envelope.ts';
import { refuseUnknown, type KeyRing } from './key-ring.ts';
import { placeOf } from './place.ts';

const ROWS_AT_ONCE = 200;

/** How many values were sealed anew, and how many nobody can open any more and were given up. */
export interface Rotated {
  readonly sealedAnew: number;
  readonly givenUp: number;
}
/** In the transaction of each batch, and of the end (`done`). */
export type RecordRotation = (em: EntityManager, act: Rotated & { readonly done: boolean }) => Promise<void>;
type Within = <T>(work: (em: EntityManager) => Promise<T>) => Promise<T>;

interface Rotation {
  readonly database: Database;
  readonly columns: readonly SealedColumn[];
  readonly ring: KeyRing;
  /** A key is lost: rows that only it opens are removed, instead of refusing. */
  readonly givesUp?: boolean;
}

/**
 * Seals everything anew with the newest key, beside running managers that hold both. A batch is a transaction: cut off anywhere,
 * every value still opens with one of the two keys, and the next run does what is left. Keys that seal nothing any more are
 * forgotten at the end, in one transaction with a last look: from then on no manager asks for them.
 * @throws CodedError secrets_key_wrong, secret_damaged
 */
export async function rotateSecrets(rotation: Rotation, now: Date, record: RecordRotation): Promise<Rotated> {
  const { database, ring, givesUp = false } = rotation;
  await database.transaction(async (em) => {
    await lockKeyIds(em);
    if (!givesUp) refuseUnknown(await selectKeyIds(em), ring);
    await insertKeyId(em, ring.newestId, now);
  });
  const inBatches: Within = (work) => database.transaction(work);
  const before = await sealAnew(inBatches, rotation, (em, batch) => record(em, { ...batch, done: false }));
  const late = await database.transaction(async (em) => {
    await lockKeyIds(em);
    const rest = await sealAnew((work) => work(em), rotation);
    await deleteKeyIdsExcept(em, ring.newestId);
    await record(em, { ...rest, done: true });
    return rest;
  });
  return { sealedAnew: before.sealedAnew + late.sealedAnew, givenUp: before.givenUp + late.givenUp };
}

async function sealAnew(
  within: Within,
  rotation: Rotation,
  record?: (em: EntityManager, batch: Rotated) => Promise<void>,
): Promise<Rotated> {
  let all: Rotated = { sealedAnew: 0, givenUp: 0 };
  for (const column of rotation.columns) {
    for (let after: string | null = ''; after !== null;) {
      const from: string = after;
      after = await within(async (em) => {
        const { last, ...batch } = await renewBatch(em, column, rotation, from);
        if (batch.sealedAnew + batch.givenUp > 0) await record?.(em, batch);
        all = { sealedAnew: all.sealedAnew + batch.sealedAnew, givenUp: all.givenUp + batch.givenUp };
        return last;
      });
    }
  }
  return all;
}

async function renewBatch(
  em: EntityManager,
  column: SealedColumn,
  { ring, givesUp = false }: Rotation,
  after: string,
): Promise<Rotated & { readonly last: string | null }> {
  const rows = await selectSealed(em, column, after, ROWS_AT_ONCE);
  const lost = givesUp ? rows.filter((row) => !ring.holdsKeyOf(row.sealed)) : [];
  const old = rows.filter((row) => !lost.includes(row) && keyIdOfSealed(row.sealed) !== ring.newestId);
  await deleteSealed(em, column, lost);
  await writeSealed(
    em,
    column,
    old.map((row) => ({ ...row, renewed: renew(ring, row.sealed, placeOf(column, row.id)) })),
  );
  return { sealedAnew: old.length, givenUp: lost.length, last: rows.at(-1)?.id ?? null };
}

const renew = (ring: KeyRing, sealed: string, place: string): string => ring.seal(ring.open(sealed, place), place);
