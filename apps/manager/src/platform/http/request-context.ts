import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import type { Log } from '../log.ts';

const REQUEST_ID = /^[A-Za-z0-9-]{8,64}$/;
const ids = new WeakMap<Request, string>();

export const requestIdOf = (request: Request): string => ids.get(request) ?? '';

/** Gives each request an id (a caller's own is kept when it is harmless) and logs one line when it ends. */
export const requestContext =
  (log: Log) =>
  (request: Request, response: Response, next: NextFunction): void => {
    const given = request.get('x-request-id') ?? '';
    const id = REQUEST_ID.test(given) ? given : randomUUID();
    ids.set(request, id);
    response.setHeader('X-Request-Id', id);
    const startedAt = process.hrtime.bigint();
    response.once('finish', () => {
      const durationMs = Number((process.hrtime.bigint() - startedAt) / 1_000_000n);
      // The path without its query: a query may hold what does not belong in a log.
      log.info(
        { request_id: id, method: request.method, path: request.path, status: response.statusCode, duration_ms: durationMs },
        'request',
      );
    });
    next();
  };
