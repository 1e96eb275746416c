import { CodedError } from '@tidegate/contract-errors';
import { z } from 'zod';
import { checkUrl } from './address-policy.ts';
import type { DownloadLimits } from './download-limits.ts';

/** Comes from the node's configuration or from what is compiled in; never over the wire. */
export interface GithubReleaseSourceConfig {
  /** `https://api.github.com`, or the REST base of another host; a path is kept. */
  readonly apiBaseUrl: string;
  readonly owner: string;
  readonly repo: string;
  /** For private repositories; goes to the API's own origin only. */
  readonly token?: string;
  /** Plain http to this machine: tests and the demo. */
  readonly allowLoopbackHttp: boolean;
  /** Default false: sources in private address ranges are refused. */
  readonly allowPrivateAddresses?: boolean;
  /** PEM of the authorities to believe instead of the public ones. */
  readonly caPem?: string;
  /** Proxy on the way; it resolves names itself, so only addresses written as such are checked here. */
  readonly proxyUrl?: string;
  readonly userAgent: string;
  readonly limits?: Partial<DownloadLimits>;
}

const segment = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/);
const positive = z.number().positive();
const schema = z.object({
  apiBaseUrl: z.url().max(300),
  owner: segment,
  repo: segment,
  // A header value: one line of visible ASCII.
  token: z
    .string()
    .regex(/^[\x21-\x7e]{1,512}$/)
    .optional(),
  caPem: z.string().includes('-----BEGIN CERTIFICATE-----').max(1_000_000).optional(),
  proxyUrl: z.url({ protocol: /^https?$/ }).optional(),
  userAgent: z.string().regex(/^[\x20-\x7e]{1,200}$/),
  limits: z
    .object({
      deadlineMs: positive,
      statementDeadlineMs: positive,
      minBytesPerSec: z.number().min(0),
      throughputWindowMs: positive,
      maxBytesPerSec: positive.nullable(),
      maxRetries: z.int().min(0),
      firstBackoffMs: positive,
      maxBackoffMs: positive,
      headersTimeoutMs: positive,
    })
    .partial()
    .optional(),
});

/** Fails where the configuration is read, not at the first download: throws `config_invalid` with the key. */
export function checkConfig(config: GithubReleaseSourceConfig): URL {
  const parsed = schema.safeParse(config);
  if (!parsed.success) throw new CodedError('config_invalid', { key: `source.${parsed.error.issues[0]?.path.join('.') ?? ''}` });
  const base = new URL(config.apiBaseUrl);
  try {
    checkUrl(base, { allowLoopbackHttp: config.allowLoopbackHttp, allowPrivateAddresses: config.allowPrivateAddresses ?? false });
  } catch (error) {
    throw new CodedError('config_invalid', { key: 'source.apiBaseUrl' }, { cause: error });
  }
  if (base.search !== '' || base.hash !== '') throw new CodedError('config_invalid', { key: 'source.apiBaseUrl' });
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}
