import type { Request, Response } from 'express';
import { z } from 'zod';
import { isHttps, type ManagerConfig } from '../../platform/index.ts';
import { readCookie, sessionCookieName } from '../session-cookie.ts';

/** How long somebody may take at the provider. */
export const STATE_LIVES_MS = 10 * 60_000;

/** What is kept in the browser between the way there and the way back. Sealed: it holds the verifier of the code. */
export const signInState = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  from: z.string(),
  begun_at: z.number(),
});
export type SignInState = z.infer<typeof signInState>;

const nameOf = (config: ManagerConfig, request: Request): string => `${sessionCookieName(config, request)}-oidc`;

export const readStateCookie = (config: ManagerConfig, request: Request): string | undefined =>
  readCookie(request, nameOf(config, request));

/**
 * `lax`, unlike the session's: the way back begins on the provider's page, and a browser would keep a strict cookie to itself.
 * @param value null takes it away
 */
export function writeStateCookie(config: ManagerConfig, request: Request, response: Response, value: string | null): void {
  response.cookie(nameOf(config, request), value ?? '', {
    httpOnly: true,
    secure: isHttps(config),
    sameSite: 'lax',
    path: '/',
    maxAge: value === null ? 0 : STATE_LIVES_MS,
    // Sealed text fits into a cookie as it is.
    encode: String,
  });
}
