import type { EntityManager } from 'typeorm';
import type { SealedColumn } from '../../platform/index.ts';

export const SEALED_SECRET: SealedColumn = { table: 'second_factors', id: 'user_id', column: 'sealed_secret' };

export interface SecondFactorRow {
  readonly sealed_secret: string;
  readonly confirmed_at: Date | null;
  /** The last step whose code was used. */
  readonly last_step: number;
}

/** Locked: of two requests with the same code one comes second, and finds it used. */
export const lockFactor = async (em: EntityManager, userId: string): Promise<SecondFactorRow | null> =>
  (
    await em.query<SecondFactorRow[]>(
      'SELECT sealed_secret, confirmed_at, last_step::float8 AS last_step FROM second_factors WHERE user_id = $1 FOR UPDATE',
      [userId],
    )
  )[0] ?? null;

export const readFactor = async (em: EntityManager, userId: string): Promise<{ confirmed_at: Date; codes_left: number } | null> =>
  (
    await em.query<{ confirmed_at: Date; codes_left: number }[]>(
      `SELECT confirmed_at, (SELECT count(*)::int FROM recovery_codes r WHERE r.user_id = f.user_id) AS codes_left
         FROM second_factors f WHERE user_id = $1 AND confirmed_at IS NOT NULL`,
      [userId],
    )
  )[0] ?? null;

/** In place of one that was not confirmed. @returns false when one is on. */
export async function writeUnconfirmed(em: EntityManager, userId: string, sealedSecret: string, now: Date): Promise<boolean> {
  const rows = await em.query<unknown[]>(
    `INSERT INTO second_factors AS f (user_id, sealed_secret, created_at) VALUES ($1, $2, $3)
     ON CONFLICT (user_id) DO UPDATE SET sealed_secret = $2, created_at = $3, last_step = 0 WHERE f.confirmed_at IS NULL
     RETURNING user_id`,
    [userId, sealedSecret, now],
  );
  return rows.length > 0;
}

export async function confirmFactor(
  em: EntityManager,
  userId: string,
  { now, step, codeHashes }: { now: Date; step: number; codeHashes: readonly Buffer[] },
): Promise<void> {
  await em.query('UPDATE second_factors SET confirmed_at = $2, last_step = $3 WHERE user_id = $1', [userId, now, step]);
  await em.query('INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, unnest($2::bytea[])', [userId, codeHashes]);
}

export const useStep = async (em: EntityManager, userId: string, step: number): Promise<void> =>
  void (await em.query('UPDATE second_factors SET last_step = $2 WHERE user_id = $1', [userId, step]));

/** @returns whether there was such a code; it is gone. */
export async function useRecoveryCode(em: EntityManager, userId: string, codeHash: Buffer): Promise<boolean> {
  const [rows] = await em.query<[unknown[], number]>('DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2 RETURNING user_id', [
    userId,
    codeHash,
  ]);
  return rows.length > 0;
}

/** With its recovery codes, and sign-ins that wait for a code. @returns whether one was on. */
export async function deleteFactor(em: EntityManager, userId: string): Promise<boolean> {
  await em.query('DELETE FROM sign_in_challenges WHERE user_id = $1', [userId]);
  const [rows] = await em.query<[{ confirmed_at: Date | null }[], number]>(
    'DELETE FROM second_factors WHERE user_id = $1 RETURNING confirmed_at',
    [userId],
  );
  return (rows[0]?.confirmed_at ?? null) !== null;
}

/** The newest few of a user are enough: whoever knows a password must not fill the table. */
export async function insertChallenge(
  em: EntityManager,
  challenge: { idHash: Buffer; userId: string; expiresAt: Date; keep: number },
): Promise<void> {
  const { idHash, userId, expiresAt, keep } = challenge;
  await em.query(
    `INSERT INTO sign_in_challenges (id_hash, user_id, password_digest, expires_at)
     SELECT $1, id, sha256(convert_to(password_hash, 'UTF8')), $3 FROM users WHERE id = $2`,
    [idHash, userId, expiresAt],
  );
  await em.query(
    `DELETE FROM sign_in_challenges WHERE id_hash IN (
       SELECT id_hash FROM sign_in_challenges WHERE user_id = $1 ORDER BY expires_at DESC, id_hash OFFSET $2)`,
    [userId, keep],
  );
}

/** Locked. Not one whose password has been changed since. */
export const lockChallenge = async (
  em: EntityManager,
  idHash: Buffer,
  now: Date,
): Promise<{ user_id: string; username: string; tries: number } | null> =>
  (
    await em.query<{ user_id: string; username: string; tries: number }[]>(
      `SELECT c.user_id, u.username, c.tries FROM sign_in_challenges c JOIN users u ON u.id = c.user_id
        WHERE c.id_hash = $1 AND c.expires_at > $2 AND c.password_digest = sha256(convert_to(u.password_hash, 'UTF8')) FOR UPDATE OF c`,
      [idHash, now],
    )
  )[0] ?? null;

export const countTry = async (em: EntityManager, idHash: Buffer): Promise<void> =>
  void (await em.query('UPDATE sign_in_challenges SET tries = tries + 1 WHERE id_hash = $1', [idHash]));

export const deleteChallenge = async (em: EntityManager, idHash: Buffer): Promise<void> =>
  void (await em.query('DELETE FROM sign_in_challenges WHERE id_hash = $1', [idHash]));

export const removeOldChallenges = async (em: EntityManager, now: Date): Promise<void> =>
  void (await em.query('DELETE FROM sign_in_challenges WHERE expires_at < $1', [now]));
