import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** 256 random bits: nobody guesses one, so a plain hash protects it in the database. */
export const newSecret = (): string => randomBytes(32).toString('base64url');
export const isSecret = (text: string): boolean => SECRET.test(text);
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** Bound to the session, never stored, different from its id: a page that reads it still cannot forge the cookie. */
export const csrfTokenOf = (secret: string): string => createHmac('sha256', secret).update('tidegate-csrf-v1').digest('base64url');

export function isCsrfToken(secret: string, given: string | undefined): boolean {
  const expected = Buffer.from(csrfTokenOf(secret));
  const actual = Buffer.from(given ?? '');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
