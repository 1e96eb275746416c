import type { IncomingMessage, ServerResponse } from 'node:http';
import { isCodedError, refuse } from '@tidegate/contract-errors';
import { carriesToken } from './local-token.ts';
import { problem, type Answer } from './problem.ts';
import { readBody } from './read-body.ts';
import type { Route } from './routes.ts';

export interface Answering {
  readonly routes: readonly Route[];
  readonly token: string;
  /** Names this machine may be asked by; null on a unix socket, which no web page can reach. */
  readonly hosts: (() => ReadonlySet<string>) | null;
  readonly onFault: (error: unknown) => void;
}

/** One request. Whoever has no token learns nothing, not even which paths exist. Never rejects. */
export async function answerRequest(answering: Answering, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = await decide(answering, request).catch((error: unknown) => {
    if (isCodedError(error)) return problem(refuse(error.code, error.details));
    // Whoever asked has gone in the middle of the request.
    if (!request.destroyed) answering.onFault(error);
    return problem(refuse('local_fault'));
  });
  if (response.destroyed) return;
  const body = JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    'content-type': answer.status < 400 ? 'application/json' : 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // What was not read of a refused body must not be taken for the next request.
    ...(!request.complete && { connection: 'close' }),
    ...answer.headers,
  });
  response.end(body);
}

async function decide({ routes, token, hosts }: Answering, request: IncomingMessage): Promise<Answer> {
  // DNS rebinding: a page of somebody else, whose name was made to resolve to this machine, still carries its own name.
  if (hosts && !hosts().has((request.headers.host ?? '').toLowerCase())) return problem(refuse('local_host_not_allowed'));
  const path = (request.url ?? '').split('?')[0] ?? '';
  const matching = routes.filter((one) => idIn(one.path, path) !== null);
  if (!matching.some((one) => one.open) && !carriesToken(request.headers.authorization, token))
    return problem(refuse('local_token_invalid'), { 'www-authenticate': 'Bearer' });
  if (matching.length === 0) return problem(refuse('route_not_found'));
  const route = matching.find((one) => one.method === request.method);
  if (!route) {
    const methods = matching.map((one) => one.method);
    return problem(refuse('method_not_allowed', { allowed: methods }), { allow: methods.join(', ') });
  }
  const body = route.method === 'POST' ? await readBody(request) : { ok: true as const, value: {} };
  return body.ok ? route.act({ id: idIn(route.path, path) ?? '', body: body.value }) : problem(body);
}

/** null when the path does not match; else what stands in the place of `:id`, or ''. */
function idIn(pattern: string, path: string): string | null {
  if (!pattern.endsWith('/:id')) return pattern === path ? '' : null;
  const prefix = pattern.slice(0, -':id'.length);
  const id = path.slice(prefix.length);
  return path.startsWith(prefix) && /^[0-9A-Za-z-]{1,64}$/.test(id) ? id : null;
}
