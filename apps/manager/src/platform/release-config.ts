import { z } from 'zod';
import { isCodedError } from '@tidegate/contract-errors';
import { deviceType } from '@tidegate/contract-manifest';
import { checkUrl } from '@tidegate/adapter-release-source';
import { sealedText } from './secrets/secrets-config.ts';

const name = z.string().regex(/^[A-Za-z0-9._-]{1,100}$/);

/** How far requests go that the configuration makes us send. */
export const reach = {
  /** PEM of the authority of the host's certificate, instead of the public ones. */
  ca_file: z.string().optional(),
  proxy: z.url({ protocol: /^https?$/ }).optional(),
  /** Hosts inside a company's own network. Link-local ones, where clouds keep their metadata services, are refused all the same. */
  allow_private_addresses: z.boolean().default(false),
  /** Plain http, to this machine only. */
  allow_loopback_http: z.boolean().default(false),
};

/** What both kinds of outgoing addresses have in common; they come from the configuration and from nowhere else. */
const outgoing = {
  /** Token of a private repository; read anew for each request, so that it can be exchanged without a restart. */
  token_file: z.string().optional(),
  /** The same, sealed by `tidegate-manager seal`. */
  token: sealedText.optional(),
  ...reach,
};

/** Fails where the configuration is read: what is written as an address is judged at once, a name when it is looked up. */
export function urlProblem(text: string, rules: { allow_private_addresses: boolean; allow_loopback_http: boolean }): boolean {
  const url = new URL(text);
  // What is added to it would be lost; a query is also where people put tokens.
  if (url.search !== '' || url.hash !== '') return true;
  try {
    checkUrl(url, { allowPrivateAddresses: rules.allow_private_addresses, allowLoopbackHttp: rules.allow_loopback_http });
    return false;
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return true;
  }
}

const oneToken = (entry: { token?: string | undefined; token_file?: string | undefined }): boolean =>
  entry.token === undefined || entry.token_file === undefined;

const releaseSource = z
  .strictObject({
    device_type: deviceType,
    /** Base of a GitHub-like REST API. */
    api_base_url: z.url().max(300),
    owner: name,
    repo: name,
    ...outgoing,
    /** Whom this manager believes a release of this device type: what was compiled into its edges, as JSON. Checks and the mirror use it. */
    trust_anchor_file: z.string().optional(),
  })
  .refine((source) => !urlProblem(source.api_base_url, source), { path: ['api_base_url'] })
  .refine(oneToken, { path: ['token'] });
export type ReleaseSourceConfig = z.infer<typeof releaseSource>;

const discoveryRemote = z
  .strictObject({
    device_type: deviceType,
    /** The repository, over git's smart HTTP. No user or password in it: see token_file. */
    url: z.url().max(300),
    /** Name that goes with the token; hosts of git take any, or one of their own. */
    username: z
      .string()
      .regex(/^[\x21-\x39\x3b-\x7e]{1,100}$/)
      .default('x-access-token'),
    ...outgoing,
    /** Which tags are versions: `{version}` stands for a semantic version. */
    tag_pattern: z
      .string()
      .regex(/^[A-Za-z0-9._/-]{0,60}\{version\}[A-Za-z0-9._-]{0,20}$/)
      .default('v{version}'),
  })
  .refine((remote) => !urlProblem(remote.url, remote), { path: ['url'] })
  .refine(oneToken, { path: ['token'] });
export type DiscoveryRemoteConfig = z.infer<typeof discoveryRemote>;

const oncePerDeviceType = (entries: readonly { device_type: string }[]): boolean =>
  new Set(entries.map((entry) => entry.device_type)).size === entries.length;

export const releaseSources = z.array(releaseSource).max(100).refine(oncePerDeviceType).default([]);

export const discovery = z
  .strictObject({
    remotes: z.array(discoveryRemote).max(100).refine(oncePerDeviceType).default([]),
    check_every_secs: z.int().min(60).max(86_400).default(1800),
  })
  .prefault({});

/** Off unless asked for: it makes this machine a server of large files. */
export const mirror = z
  .strictObject({
    enabled: z.boolean().default(false),
    /** What nodes send as `Authorization: Bearer`. Without it, releases of public sources are anybody's to read. */
    token_file: z.string().optional(),
    /** On disk, under data_dir/mirror. */
    max_bytes: z
      .int()
      .min(1024 * 1024)
      .default(10 * 1024 ** 3),
    /** Files that are sent at the same time. */
    max_downloads: z.int().min(1).max(10_000).default(64),
  })
  .prefault({});
