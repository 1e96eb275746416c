import type { Request, Response } from 'express';
import { isHttps, type ManagerConfig } from '../platform/index.ts';

/**
 * Over https `__Host-`: Secure, this host only, no path tricks. Over plain http to loopback a browser would drop such a
 * cookie, so it gets another name; with the port in it, because cookies of one host are shared by all its ports and two
 * managers on one machine would sign each other out.
 */
export function sessionCookieName(config: ManagerConfig, request: Request): string {
  if (isHttps(config)) return '__Host-tidegate';
  const port = /:(\d+)$/.exec(request.get('host') ?? '')?.[1] ?? '80';
  return `tidegate-${port}`;
}

export const readSessionCookie = (config: ManagerConfig, request: Request): string | undefined =>
  readCookie(request, sessionCookieName(config, request));

export function readCookie(request: Request, name: string): string | undefined {
  for (const pair of (request.get('cookie') ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

export function writeSessionCookie(config: ManagerConfig, request: Request, response: Response, value: string | null): void {
  response.cookie(sessionCookieName(config, request), value ?? '', {
    httpOnly: true,
    secure: isHttps(config),
    sameSite: 'strict',
    path: '/',
    // Without Max-Age it is gone with the browser; the server's own expiry holds in any case.
    ...(value === null && { maxAge: 0 }),
  });
}
