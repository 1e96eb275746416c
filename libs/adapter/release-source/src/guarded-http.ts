import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import { guardedLookup, resolveBySystem, type AddressPolicy, type ResolveAll } from './address-policy.ts';
import { httpGet, httpPost, type HttpAnswer, type HttpContext } from './http-get.ts';

export interface GuardedHttpOptions extends AddressPolicy {
  readonly userAgent: string;
  /** Header for the one origin that may have it. */
  readonly credentials?: { readonly origin: string; readonly authorization: string };
  /** PEM of the authorities to believe instead of the public ones. */
  readonly caPem?: string;
  /** Proxy on the way; it resolves names itself, so only addresses written as such are checked here. */
  readonly proxyUrl?: string;
  readonly headersTimeoutMs: number;
  /** For requests whose own headers carry a credential: those go along on every hop. */
  readonly refuseRedirects?: boolean;
  readonly resolveAll?: ResolveAll;
}

/** HTTP to addresses that come from configuration, and to wherever those redirect: see address-policy.ts for what is refused. */
export interface GuardedHttp {
  /** Redirects are followed, each hop checked, unless they are refused. @throws CodedError upgrade_url_invalid, upgrade_network_error, or the signal's reason */
  get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer>;
  /** Redirects are refused. @throws as get */
  post(url: URL, headers: Readonly<Record<string, string>>, body: Uint8Array, signal: AbortSignal): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export function guardedHttp(options: GuardedHttpOptions): GuardedHttp {
  const { credentials, userAgent, headersTimeoutMs } = options;
  const agent = guardedDispatcher(options, options, options.resolveAll ?? resolveBySystem);
  const contextFor = (url: URL): HttpContext => ({
    agent,
    policy: options,
    userAgent,
    headersTimeoutMs,
    ...(options.refuseRedirects && { refuseRedirects: true }),
    authorization: credentials?.origin === url.origin ? credentials.authorization : undefined,
  });
  return {
    get: (url, headers, signal) => httpGet(contextFor(url), url, headers, signal),
    post: (url, headers, body, signal) => httpPost(contextFor(url), url, { headers, body }, signal),
    close: () => agent.destroy(),
  };
}

const CONNECT_TIMEOUT_MS = 15_000;

export function guardedDispatcher(
  { proxyUrl, caPem }: { readonly proxyUrl?: string; readonly caPem?: string },
  policy: AddressPolicy,
  resolveAll: ResolveAll,
): Dispatcher {
  const authority = caPem === undefined ? {} : { ca: caPem };
  if (proxyUrl !== undefined) return new ProxyAgent({ uri: proxyUrl, requestTls: { ...authority, timeout: CONNECT_TIMEOUT_MS } });
  return new Agent({
    allowH2: false,
    connect: { ...authority, lookup: guardedLookup(policy, resolveAll), timeout: CONNECT_TIMEOUT_MS },
  });
}
