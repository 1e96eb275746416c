import { CodedError, isCodedError, type ErrorDetails } from '@tidegate/contract-errors';
import { request, type Dispatcher } from 'undici';
import { checkUrl, type AddressPolicy } from './address-policy.ts';
import { abortError, errorName, TransientNetworkError, urlInvalid } from './fetch-errors.ts';

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export interface HttpContext {
  readonly agent: Dispatcher;
  readonly policy: AddressPolicy;
  readonly userAgent: string;
  /** `Bearer ...` or `Basic ...`; sent to the origin of the first URL only. */
  readonly authorization: string | undefined;
  readonly headersTimeoutMs: number;
  readonly refuseRedirects?: boolean;
}
export interface HttpAnswer {
  readonly status: number;
  readonly host: string;
  /** Where the answer came from, redirects followed. */
  readonly url: URL;
  readonly header: (name: string) => string | undefined;
  readonly body: Dispatcher.ResponseData['body'];
}

/** Ends an answer nobody reads: its connection closes, however much the other side still wants to send. */
export function discard(answer: Pick<HttpAnswer, 'body'>): void {
  answer.body.on('error', () => undefined);
  answer.body.destroy();
}

/**
 * GET with redirects followed by hand, each hop checked like the first. Credentials are dropped at the first hop to another
 * origin and not taken up again, so no chain of redirects can carry it elsewhere (CVE-2022-31151 is what clients got wrong).
 * Throws CodedError: upgrade_url_invalid, upgrade_network_error, or what the signal's reason says.
 */
export async function httpGet(
  context: HttpContext,
  start: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  let url = start;
  let authorization = context.authorization;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    checkUrl(url, context.policy);
    const answer = await once(
      context,
      url,
      { method: 'GET', headers: authorization === undefined ? headers : { ...headers, authorization } },
      signal,
    );
    if (!REDIRECTS.has(answer.status)) return answer;
    discard(answer);
    if (context.refuseRedirects) throw urlInvalid('redirect', url.hostname);
    const location = answer.header('location');
    if (location === undefined || !URL.canParse(location, url.href)) throw urlInvalid('redirect without a target', url.hostname);
    const next = new URL(location, url);
    if (next.origin !== url.origin) authorization = undefined;
    url = next;
  }
  throw urlInvalid('too many redirects', url.hostname);
}

/** POST without redirects: nobody else gets what was meant for this URL. Throws as httpGet does. */
export async function httpPost(
  context: HttpContext,
  url: URL,
  what: { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array },
  signal: AbortSignal,
): Promise<HttpAnswer> {
  checkUrl(url, context.policy);
  const authorization = context.authorization === undefined ? {} : { authorization: context.authorization };
  const answer = await once(context, url, { method: 'POST', headers: { ...what.headers, ...authorization }, body: what.body }, signal);
  if (!REDIRECTS.has(answer.status)) return answer;
  discard(answer);
  throw urlInvalid('redirect of a POST', url.hostname);
}

interface Outgoing {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

async function once(context: HttpContext, url: URL, outgoing: Outgoing, signal: AbortSignal): Promise<HttpAnswer> {
  try {
    const {
      statusCode,
      headers: received,
      body,
    } = await request(url, {
      dispatcher: context.agent,
      method: outgoing.method,
      ...(outgoing.body && { body: outgoing.body }),
      signal,
      headersTimeout: context.headersTimeoutMs,
      // Silence in a body is judged by throughput, on the injected clock.
      bodyTimeout: 0,
      headers: { 'user-agent': context.userAgent, 'accept-encoding': 'identity', ...outgoing.headers },
    });
    const header = (name: string): string | undefined => {
      const value = received[name];
      return Array.isArray(value) ? value[0] : value;
    };
    return { status: statusCode, host: url.hostname, url, header, body };
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    if (isCodedError(error)) throw error;
    throw new TransientNetworkError({ host: url.hostname, error: errorName(error) });
  }
}

/** Passes a 2xx on; anything else is thrown under its code, with the body left unread. */
export function requireSuccess(answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  discard(answer);
  const limited = answer.status === 429 || answer.header('x-ratelimit-remaining') === '0' || answer.header('retry-after') !== undefined;
  const details = { host: answer.host, status: answer.status, ...(limited && { rate_limited: true }) };
  // A rate limit lasts up to an hour: trying again within the attempt only digs deeper.
  if (answer.status >= 500 && !limited) throw new TransientNetworkError(details);
  throw new HttpStatusError(details, answer.status);
}

/** A definite answer of the server; what a 404 means is up to who asked. */
export class HttpStatusError extends CodedError {
  readonly status: number;
  constructor(details: ErrorDetails, status: number) {
    super('upgrade_network_error', details);
    this.status = status;
  }
}
