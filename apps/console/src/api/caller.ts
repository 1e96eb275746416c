import { ERRORS, isErrorCode } from '@tidegate/contract-errors';
import { apiPath, problem, routeOf, type Problem, type Route, type RouteName, type ROUTES } from '@tidegate/contract-api';

/** A coded refusal as the manager sent it, or as we name it when it could not answer. Branch on `code`. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';
  readonly code: string;
  readonly hint: string;
  readonly problem: Problem | null;

  constructor(code: string, title: string, hint: string, from: Problem | null = null) {
    super(title);
    this.code = code;
    this.hint = hint;
    this.problem = from;
  }
}

type Table = typeof ROUTES;
type InputOf<S> = S extends { readonly _zod: { readonly input: infer T } } ? T : never;
type OutputOf<S> = S extends { readonly _zod: { readonly output: infer T } } ? T : never;
type Fields<R, K extends PropertyKey> = K extends keyof R ? R[K] : never;
type NamesIn<Path> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | NamesIn<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;
/** Query values travel as text; the manager's schema of the route reads them. */
type QueryOf<S> = { readonly [K in keyof InputOf<S>]?: string | number | boolean | undefined };

/** What an operation takes, as its entry in ROUTES says. `revision`: what the person saw of the object they change. */
export type RequestOf<N extends RouteName> = { readonly signal?: AbortSignal } & ([NamesIn<Table[N]['path']>] extends [never]
  ? object
  : { readonly parameters: Readonly<Record<NamesIn<Table[N]['path']>, string>> }) &
  (Table[N] extends { readonly body: unknown } ? { readonly body: InputOf<Table[N]['body']> } : object) &
  (Table[N] extends { readonly query: unknown } ? { readonly query?: QueryOf<Table[N]['query']> } : object) &
  (Table[N] extends { readonly revisioned: true } ? { readonly revision: number } : object);
/** What it answers; null for one without an answer. */
export type AnswerOf<N extends RouteName> =
  (Table[N] extends { readonly answer: infer S } ? OutputOf<S> : null) | OutputOf<Fields<Table[N], 'unchanged'>>;
type Given<N extends RouteName> = object extends RequestOf<N> ? [request?: RequestOf<N>] : [request: RequestOf<N>];

interface AnyRequest {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly revision?: number;
  readonly signal?: AbortSignal;
}
export interface Caller {
  /** Method, shapes and headers come from ROUTES. Rejects with ApiRefusal, or with AbortError when its signal fired. */
  ask<N extends RouteName>(route: N, ...given: Given<N>): Promise<AnswerOf<N>>;
}
export interface CallerParts {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly csrfToken: () => string | null;
  /** A new Idempotency-Key. */
  readonly newKey: () => string;
  /** The session is gone: told once per refused call, so that the page can ask for a new sign-in. */
  readonly onSignedOut: () => void;
}

const named = (code: keyof typeof ERRORS) => new ApiRefusal(code, ERRORS[code].meaning, ERRORS[code].hint);

const refusalOf = (status: number, answer: unknown): ApiRefusal => {
  const parsed = problem.safeParse(answer);
  if (parsed.success) {
    // Title and hint come from the registry where we know the code: same words everywhere, whatever a proxy made of the text.
    const known = isErrorCode(parsed.data.code) ? ERRORS[parsed.data.code] : null;
    return new ApiRefusal(parsed.data.code, known?.meaning ?? parsed.data.title, known?.hint ?? parsed.data.hint, parsed.data);
  }
  // A proxy or a manager that is going down answers without our problem document.
  if (status === 401) return named('not_signed_in');
  return named(status >= 502 && status <= 504 ? 'manager_unavailable' : 'internal_error');
};

const urlOf = (route: RouteName, { parameters, query }: AnyRequest): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, String(value));
  return apiPath(route, parameters) + (search.size > 0 ? `?${search}` : '');
};

const initOf = (route: Route, request: AnyRequest, { csrfToken, newKey }: CallerParts): RequestInit => {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (request.body !== undefined) headers['content-type'] = 'application/json';
  const token = csrfToken();
  if (route.method !== 'GET' && token !== null) headers['x-csrf-token'] = token;
  if (route.revisioned && request.revision !== undefined) headers['if-match'] = `"${request.revision}"`;
  if (route.idempotent) headers['idempotency-key'] = newKey();
  return {
    method: route.method,
    headers,
    credentials: 'same-origin',
    ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
    ...(request.signal && { signal: request.signal }),
  };
};

const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';

export const createCaller = (parts: CallerParts): Caller => {
  const call = async (name: RouteName, request: AnyRequest): Promise<unknown> => {
    const route = routeOf(name);
    const [url, init] = [urlOf(name, request), initOf(route, request, parts)];
    const response = await parts
      .fetch(url, init)
      .catch((error: unknown) => {
        // Its answer was lost, perhaps after the work began: the same key gives the first one's answer.
        if (route.idempotent && !isAbort(error)) return parts.fetch(url, init);
        throw error;
      })
      .catch((error: unknown) => {
        throw isAbort(error) ? error : named('manager_unavailable');
      });
    const answer: unknown = response.status === 204 ? null : await response.json().catch(() => null);
    if (!response.ok) {
      const refusal = refusalOf(response.status, answer);
      if (refusal.code === 'not_signed_in') parts.onSignedOut();
      throw refusal;
    }
    const shape = response.status === 200 && route.unchanged ? route.unchanged : route.answer;
    if (shape === undefined) return null;
    const parsed = shape.safeParse(answer);
    // Console and API ship together, so a wrong shape is a bug of ours or something that sits in between.
    if (!parsed.success) throw named('internal_error');
    return parsed.data;
  };
  return { ask: async (name, ...[request]) => (await call(name, request ?? {})) as never };
};
