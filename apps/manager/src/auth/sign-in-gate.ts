import { ROUTES } from '@tidegate/contract-api';
import type { RequestHandler } from 'express';
import type { Credentials } from './credentials.ts';

const GUARDED = [ROUTES.signIn, ROUTES.completeSignIn];

/**
 * In front of everything that costs: whoever is over the limit of failed sign-ins is refused unread. Measured: with the whole
 * way through body, router and filters a flood took three times the processor.
 */
export const signInGate =
  (credentials: Credentials): RequestHandler =>
  (request, _response, next) => {
    if (GUARDED.some(({ method, path }) => request.method === method && request.path === path)) credentials.refuseFlood(request.ip ?? '');
    next();
  };
