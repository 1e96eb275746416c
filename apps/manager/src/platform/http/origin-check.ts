import { CodedError } from '@tidegate/contract-errors';
import type { NextFunction, Request, Response } from 'express';
import type { ManagerConfig } from '../config.ts';

/** Whether browsers reach us by https: our own, or that of a proxy in front. */
export const isHttps = (config: ManagerConfig): boolean =>
  config.tls !== undefined || (config.public_origin?.startsWith('https:') ?? false);

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];
const isLoopback = (host: string): boolean => LOOPBACK_NAMES.includes(host) || host === '::1';

/**
 * Whether the Host a request names is ours. On loopback only loopback names are: a page that points its own name at 127.0.0.1
 * (DNS rebinding) would otherwise pass every same-origin check. Behind another address the public origin decides.
 */
export function isOwnHost(config: ManagerConfig, host: string | undefined): boolean {
  if (config.public_origin) return host === new URL(config.public_origin).host || isLoopbackHost(host);
  return isLoopback(config.listen.host) ? isLoopbackHost(host) : host !== undefined;
}
const isLoopbackHost = (host: string | undefined): boolean => LOOPBACK_NAMES.includes((host ?? '').replace(/:\d+$/, ''));

/** A browser names its page's origin; it has to be the console's own. Clients that are no browsers send none. */
export function isOwnOrigin(config: ManagerConfig, origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  if (config.public_origin && origin === new URL(config.public_origin).origin) return true;
  return origin === `${config.tls ? 'https' : 'http'}://${host}` && isOwnHost(config, host);
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export const originCheck =
  (config: ManagerConfig) =>
  (request: Request, _response: Response, next: NextFunction): void => {
    const host = request.get('host');
    if (!isOwnHost(config, host)) throw new CodedError('origin_not_allowed');
    if (SAFE_METHODS.has(request.method)) return next();
    const site = request.get('sec-fetch-site');
    const sameSite = site === undefined || site === 'same-origin' || site === 'none';
    if (!sameSite || !isOwnOrigin(config, request.get('origin'), host)) throw new CodedError('origin_not_allowed');
    next();
  };
