import { readFile } from 'node:fs/promises';
import { guardedHttp, readCapped, type GuardedHttp } from '@tidegate/adapter-release-source';
import { CodedError } from '@tidegate/contract-errors';
import type { CustomFetch } from 'openid-client';
import type { OidcConfig } from '../../platform/index.ts';

/** Metadata, keys and tokens are a few kilobytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const WITHOUT_BODY = new Set([204, 205, 304]);
const PASSED_HEADERS = ['content-type', 'www-authenticate'];

/**
 * What the provider's metadata names is asked as the provider itself is: https, no address that the configuration does not allow,
 * no redirects (a token would go along), a cap on every answer. Deadlines come with the signal.
 */
export const guardedFetch =
  (oidc: OidcConfig): CustomFetch =>
  async (address, { method, headers, body, signal }) => {
    const http = await openHttp(oidc);
    try {
      const url = new URL(address);
      const until = signal ?? AbortSignal.timeout(oidc.timeout_secs * 1000);
      const answer =
        method === 'POST' ? await http.post(url, headers, Buffer.from(textOf(body)), until) : await http.get(url, headers, until);
      const bytes = await readCapped(answer, MAX_ANSWER_BYTES, until);
      if (bytes === null) throw new CodedError('oidc_unavailable', { host: url.host, rule: 'answer too large' });
      const passed = PASSED_HEADERS.flatMap((name): [string, string][] => {
        const value = answer.header(name);
        return value === undefined ? [] : [[name, value]];
      });
      return new Response(WITHOUT_BODY.has(answer.status) ? null : Buffer.from(bytes).toString('utf8'), {
        status: answer.status,
        headers: passed,
      });
    } finally {
      await http.close();
    }
  };

async function openHttp(oidc: OidcConfig): Promise<GuardedHttp> {
  return guardedHttp({
    userAgent: 'tidegate-manager',
    headersTimeoutMs: oidc.timeout_secs * 1000,
    allowLoopbackHttp: oidc.allow_loopback_http,
    allowPrivateAddresses: oidc.allow_private_addresses,
    refuseRedirects: true,
    ...(oidc.ca_file !== undefined && { caPem: await readOwn(oidc.ca_file) }),
    ...(oidc.proxy !== undefined && { proxyUrl: oidc.proxy }),
  });
}

/** @throws CodedError oidc_unavailable */
export const readOwn = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CodedError('oidc_unavailable', { rule: 'a file of its configuration cannot be read' }, { cause });
  });

function textOf(body: unknown): string {
  if (body === undefined || body === null) return '';
  if (body instanceof URLSearchParams || typeof body === 'string') return body.toString();
  throw new Error('a body of a kind that no request of a sign-in has');
}
