import { randomUUID } from 'node:crypto';
import { request as requestHttp, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as requestHttps } from 'node:https';
import { apiPath, problem, routeOf, type RouteName } from '@tidegate/contract-api';
import type { Credential } from './context-file.ts';
import { Ending, ending, exitOfStatus, wordsOf } from './ending.ts';

const SILENT_TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export interface Ask {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  /** What was read before: sent as If-Match. */
  readonly revision?: number;
  readonly idempotencyKey?: string;
}

export interface Manager {
  readonly url: string;
  /** PEM; only whoever it signed is believed then. */
  readonly ca: string | null;
  readonly credential: Credential | null;
}

/** The operations of the API, as `ROUTES` says them, against one manager. */
export class Client {
  readonly manager: Manager;
  readonly #signal: AbortSignal;

  constructor(manager: Manager, signal: AbortSignal) {
    [this.manager, this.#signal] = [manager, signal];
  }

  /** @returns the answer, undefined for one without a body. @throws Ending for every refusal */
  async ask(name: RouteName, asked: Ask = {}): Promise<unknown> {
    return (await this.askWhole(name, asked)).answer;
  }

  async askWhole(name: RouteName, asked: Ask = {}): Promise<{ answer: unknown; headers: IncomingMessage['headers'] }> {
    const response = await this.open(name, asked);
    const text = await textOf(response);
    try {
      return { answer: text === '' ? undefined : (JSON.parse(text) as unknown), headers: response.headers };
    } catch {
      throw notTheManager(this.manager.url);
    }
  }

  /** What an object is before it is changed, and the change on top of exactly that. */
  async change(name: RouteName, read: RouteName, asked: Ask): Promise<unknown> {
    const before = (await this.ask(read, asked.path === undefined ? {} : { path: asked.path })) as { revision: number };
    return await this.ask(name, { ...asked, revision: before.revision });
  }

  /** Every page of a list, item by item. */
  async *pages(name: RouteName, asked: Ask): AsyncGenerator<{ items: readonly unknown[]; next_cursor: string | null }> {
    for (let cursor: string | undefined; ;) {
      const query = { ...asked.query, ...(cursor !== undefined && { cursor }) };
      const page = (await this.ask(name, { ...asked, query })) as { items: readonly unknown[]; next_cursor: string | null };
      yield page;
      if (page.next_cursor === null) return;
      cursor = page.next_cursor;
    }
  }

  /** The answer as it comes, for streams and long exports. */
  async open(name: RouteName, asked: Ask = {}): Promise<IncomingMessage> {
    const url = new URL(apiPath(name, asked.path), this.manager.url);
    for (const [key, value] of Object.entries(asked.query ?? {}))
      if (value !== undefined) url.searchParams.set(key, `${value as string | number | boolean}`);
    const response = await this.send(url, name, asked);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw refusalOf(status, response.headers, await textOf(response), this.manager.url);
  }

  private send(url: URL, name: RouteName, asked: Ask): Promise<IncomingMessage> {
    const route = routeOf(name);
    const body = asked.body === undefined ? undefined : JSON.stringify(asked.body);
    const headers: OutgoingHttpHeaders = {
      accept: route.stream ?? 'application/json',
      'user-agent': 'tidegate-cli',
      ...this.proof(),
      ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      ...(asked.revision !== undefined && { 'if-match': `"${asked.revision}"` }),
      // A repeated start of the same work must be the same work.
      ...(route.idempotent && { 'idempotency-key': asked.idempotencyKey ?? randomUUID() }),
    };
    const options = { method: route.method, headers, signal: this.#signal, ...(this.manager.ca !== null && { ca: this.manager.ca }) };
    return new Promise((resolve, reject) => {
      const sent = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options, resolve);
      sent.setTimeout(SILENT_TIMEOUT_MS, () => {
        // A stream may be silent for as long as nothing happens; it has its own sign of life.
        if (route.stream === undefined) sent.destroy(ending('timeout', 'manager_unavailable', { meaning: 'The manager did not answer.' }));
      });
      sent.once('error', (error) => reject(failureOf(error, this.manager.url)));
      sent.end(body);
    });
  }

  private proof(): OutgoingHttpHeaders {
    const { credential } = this.manager;
    if (credential === null) return {};
    if (credential.via === 'api_token') return { authorization: `Bearer ${credential.token}` };
    return { cookie: credential.cookie, 'x-csrf-token': credential.csrf_token };
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > MAX_ANSWER_BYTES) throw notTheManager('what answered');
      parts.push(part);
    }
  } catch (error) {
    throw failureOf(error as Error, 'the manager');
  }
  return Buffer.concat(parts).toString('utf8');
}

const notTheManager = (url: string): Ending =>
  ending('unavailable', 'manager_unavailable', {
    meaning: `What answers at ${url} is no manager.`,
    hint: 'Check the URL, and any proxy before it.',
  });

function refusalOf(status: number, headers: IncomingMessage['headers'], text: string, url: string): Ending {
  const parsed = problem.safeParse(safeJson(text));
  if (!parsed.success) return status === 401 ? ending('not_signed_in', 'not_signed_in') : notTheManager(url);
  const { code, title, hint, request_id: requestId, fields = [], details = {} } = parsed.data;
  const waitFor = headers['retry-after'];
  const facts = [
    ...fields.map(({ path, rule }) => `${path}: ${rule}`),
    ...Object.entries(details).map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`),
    ...(waitFor === undefined || 'retry_after_secs' in details ? [] : [`retry after ${waitFor} s`]),
  ];
  const words = wordsOf(code, title, hint);
  if (code === 'not_signed_in' || code === 'api_token_expired') words.hint = 'Sign in with `tidegate login`.';
  if (code === 'revision_stale') words.hint = 'Nothing was changed. Look at what it is now, then run the same command again.';
  return new Ending(exitOfStatus(status), { code, ...words, requestId, facts });
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What the system says of a connection that did not come about, without its stack. */
function failureOf(error: Error, url: string): Error {
  if (error instanceof Ending || error.name === 'AbortError') return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/.test(code);
  return ending('unavailable', 'manager_unavailable', {
    meaning: `${url} cannot be reached (${code || error.message}).`,
    hint: untrusted
      ? 'Give the file with the certificate authority: --ca FILE at `tidegate login`.'
      : 'Check the URL and that the manager runs.',
  });
}
