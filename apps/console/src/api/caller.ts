import { ERRORS, isErrorCode } from '@tidegate/contract-errors';
import { apiPath, problem, type RouteName, type Problem } from '@tidegate/contract-api';

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

interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false };
}
export interface Request {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly parameters?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}
export interface Caller {
  /** Parses the answer by its schema. Rejects with ApiRefusal, or with AbortError when its signal fired. */
  ask<T>(schema: Schema<T>, route: RouteName, request?: Request): Promise<T>;
  /** For requests whose answer nobody reads. */
  tell(route: RouteName, request: Request): Promise<void>;
}
export interface CallerParts {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly csrfToken: () => string | null;
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

const urlOf = (route: RouteName, { parameters, query }: Request): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, String(value));
  return apiPath(route, parameters) + (search.size > 0 ? `?${search}` : '');
};

export const createCaller = ({ fetch, csrfToken, onSignedOut }: CallerParts): Caller => {
  const call = async (route: RouteName, request: Request): Promise<unknown> => {
    const method = request.method ?? 'GET';
    const headers: Record<string, string> = { accept: 'application/json' };
    if (request.body !== undefined) headers['content-type'] = 'application/json';
    const token = csrfToken();
    if (method !== 'GET' && token !== null) headers['x-csrf-token'] = token;
    const response = await fetch(urlOf(route, request), {
      method,
      headers,
      credentials: 'same-origin',
      ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
      ...(request.signal && { signal: request.signal }),
    }).catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw named('manager_unavailable');
    });
    const answer: unknown = response.status === 204 ? null : await response.json().catch(() => null);
    if (response.ok) return answer;
    const refusal = refusalOf(response.status, answer);
    if (refusal.code === 'not_signed_in') onSignedOut();
    throw refusal;
  };
  return {
    ask: async (schema, route, request = {}) => {
      const parsed = schema.safeParse(await call(route, request));
      // Console and API ship together, so a wrong shape is a bug of ours or something that sits in between.
      if (!parsed.success) throw named('internal_error');
      return parsed.data;
    },
    tell: async (route, request) => void (await call(route, request)),
  };
};
