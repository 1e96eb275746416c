import { readFile } from 'node:fs/promises';
import { CodedError, refuse, type Refusal } from '@tidegate/contract-errors';
import type { GithubReleaseSource } from '@tidegate/adapter-release-source';
import type { ReleaseSource } from '@tidegate/engine-upgrade';
import { AGENT_VERSION } from '../build-facts.ts';
import type { EdgeConfig, SourceConfig } from '../config/edge-config.ts';
import { readPrivateFile } from '../identity/private-file.ts';

/** The node's own source and its mirrors. Loaded when the first attempt comes: an HTTP client is a third of a start. */
export function lazySource({ source, upgrade }: Pick<EdgeConfig, 'source' | 'upgrade'>): ReleaseSource {
  const open = async (): Promise<ReleaseSource> => {
    if (!source) throw new CodedError('upgrade_release_not_found', { reason: 'no source is configured' });
    const { mirroredSource } = await import('@tidegate/adapter-release-source');
    const primary = await openSource(source, upgrade.download_rate_limit);
    return mirroredSource(primary, await Promise.all(upgrade.mirrors.map((mirror) => openMirror(mirror, upgrade.download_rate_limit))));
  };
  const using = async <T>(act: (source: ReleaseSource) => Promise<T>): Promise<T | Refusal> => {
    try {
      return await act(await open());
    } catch (error) {
      if (error instanceof CodedError) return refuse(error.code, error.details);
      throw error;
    }
  };
  return {
    fetchStatement: (version, signal) => using((sources) => sources.fetchStatement(version, signal)),
    openArtefact: (version, artefact, offset, signal) => using((sources) => sources.openArtefact(version, artefact, offset, signal)),
    listVersions: (signal) => using((sources) => sources.listVersions(signal)),
  };
}

/** Files are read anew each time, so that a token can be exchanged without a restart. */
export async function openSource(source: SourceConfig, downloadRateLimit: number | null): Promise<GithubReleaseSource> {
  const { githubReleaseSource } = await import('@tidegate/adapter-release-source');
  const token = source.token_file === undefined ? undefined : await readToken(source.token_file);
  const caPem = source.ca_file === undefined ? undefined : await readAuthority(source.ca_file);
  return githubReleaseSource({
    apiBaseUrl: source.api_base_url,
    owner: source.owner,
    repo: source.repo,
    allowLoopbackHttp: source.allow_loopback_http,
    allowPrivateAddresses: source.allow_private_addresses,
    userAgent: `tidegate-edge/${AGENT_VERSION}`,
    limits: { maxBytesPerSec: downloadRateLimit },
    ...(token !== undefined && { token }),
    ...(caPem !== undefined && { caPem }),
    ...(source.proxy !== undefined && { proxyUrl: source.proxy }),
  });
}

/** A mirror whose token or authority cannot be read serves nothing; the sources beside it still do. */
async function openMirror(mirror: SourceConfig, downloadRateLimit: number | null): Promise<ReleaseSource> {
  try {
    return await openSource(mirror, downloadRateLimit);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    const { key = '', file = '', reason = '' } = error.details as Record<string, string>;
    const unusable = async () => refuse('upgrade_network_error', { rule: 'mirror cannot be used', key, file, reason });
    return { fetchStatement: unusable, openArtefact: unusable, listVersions: unusable };
  }
}

async function readToken(file: string): Promise<string> {
  const token = readPrivateFile(file);
  if (token === null) throw unusable(file, 'missing');
  return token.trim();
}

const readAuthority = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw unusable(file, error.code ?? 'unreadable');
  });

const unusable = (file: string, reason: string): CodedError => new CodedError('config_invalid', { file, key: 'source', rule: reason });
