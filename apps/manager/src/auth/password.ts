import { randomBytes, randomInt } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';

/** OWASP's first choice for argon2id (the library's default algorithm): 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export const hashPassword = (password: string): Promise<string> => hash(password, COST);

/** Compared against when the name is unknown, so that both cases cost the same. Made at once: the first caller must not wait for it. */
const decoy = hashPassword(randomBytes(32).toString('base64url'));

export async function isPassword(storedHash: string | undefined, password: string): Promise<boolean> {
  const matches = await verify(storedHash ?? (await decoy), password);
  return storedHash !== undefined && matches;
}

/** Without 0, 1, l, o: it is read out and typed. */
const LETTERS = '23456789abcdefghijkmnpqrstuvwxyz';
const GROUPS = 5;
const GROUP_LETTERS = 4;

/** Groups of four letters with 20 random bits each. */
export const newReadableSecret = (groups: number): string =>
  Array.from({ length: groups }, () => Array.from({ length: GROUP_LETTERS }, () => LETTERS[randomInt(LETTERS.length)]).join('')).join('-');

/** 100 random bits. */
export const newOneTimePassword = (): string => newReadableSecret(GROUPS);
