import type { z } from 'zod';
import type { Action } from './access.ts';

/** One operation of the API: what serves it, who may, and the shapes it takes and gives. The manager, the CLI, the docs and OpenAPI read this. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Express style, `:id` for a parameter. */
  readonly path: string;
  /** `public` is served without a session. */
  readonly access: Action | 'public';
  /** One sentence for the docs. */
  readonly summary: string;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Shape of the answer; absent with status 204 and 302 and for streams. */
  readonly answer?: z.ZodType;
  /** 302: for browsers, which are sent elsewhere. */
  readonly status?: 200 | 201 | 202 | 204 | 302;
  /** Shape of the answer with status 200 when there was nothing to do. */
  readonly unchanged?: z.ZodType;
  /** Anything but one JSON document. */
  readonly stream?: 'text/event-stream' | 'application/x-ndjson' | 'application/octet-stream' | 'text/csv' | 'text/plain';
  /** Starts work: an Idempotency-Key header makes a repeated request give the first one's answer. */
  readonly idempotent?: true;
  /** Changes an object that has a revision: If-Match is required, a stale one is refused with revision_stale. */
  readonly revisioned?: true;
}

export const route = <const R extends Route>(definition: R): R => definition;
