import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import { withRequestId, type Log } from '../log.ts';
import type { RequestFigures } from '../metrics/request-figures.ts';
import type { Trust } from './client-address.ts';

const REQUEST_ID = /^[A-Za-z0-9-]{8,64}$/;
const ids = new WeakMap<Request, string>();

export const requestIdOf = (request: Request): string => ids.get(request) ?? '';

/** Gives each request an id and logs one line when it ends. An id of the caller's making is kept when a proxy of ours brings it. */
export const requestContext =
  (log: Log, trust: Trust, figures: RequestFigures) =>
  (request: Request, response: Response, next: NextFunction): void => {
    const given = trust(request.socket.remoteAddress ?? '') ? (request.get('x-request-id') ?? '') : '';
    const id = REQUEST_ID.test(given) ? given : randomUUID();
    ids.set(request, id);
    response.setHeader('X-Request-Id', id);
    const startedAt = process.hrtime.bigint();
    response.once('finish', () => {
      const durationMs = Number((process.hrtime.bigint() - startedAt) / 1000n) / 1000;
      figures.note(request, response, durationMs / 1000);
      // The path without its query: a query may hold what does not belong in a log.
      log.info(
        { request_id: id, method: request.method, path: request.path, status: response.statusCode, duration_ms: Math.round(durationMs) },
        'request',
      );
    });
    withRequestId(id, next);
  };
