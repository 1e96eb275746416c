import { accept, CodedError, type Verdict } from '@tidegate/contract-errors';
import { LIMITS, releaseVersion, type Artefact, type ReleaseVersion } from '@tidegate/contract-manifest';
import type { ReleaseSource, Statement } from '@tidegate/engine-upgrade';
import { z } from 'zod';
import { resolveBySystem, type ResolveAll } from './address-policy.ts';
import { backoffMs } from './backoff.ts';
import { startDeadline } from './deadline.ts';
import { DEFAULT_LIMITS, type DownloadClock, type DownloadLimits } from './download-limits.ts';
import { abortError, asRefusal, TransientNetworkError } from './fetch-errors.ts';
import { guardedDispatcher } from './guarded-http.ts';
import { httpGet, HttpStatusError, requireSuccess, type HttpAnswer, type HttpContext } from './http-get.ts';
import { rangedDownload } from './ranged-download.ts';
import { readCapped } from './read-capped.ts';
import { SYSTEM_CLOCK } from './system-clock.ts';
import { checkConfig, type GithubReleaseSourceConfig } from './source-config.ts';

/** A release may carry 1000 assets of some 1.5 kB of description each. */
const MAX_DESCRIPTION_BYTES = 4 * 1024 * 1024;
const description = z.object({
  tag_name: z.string(),
  assets: z.array(z.object({ id: z.int().min(1), name: z.string() })),
});
type Description = z.infer<typeof description>;
/** Thirty releases, each described with all its assets. */
const MAX_LIST_BYTES = 16 * 1024 * 1024;
const list = z.array(z.object({ tag_name: z.string(), draft: z.boolean().default(false) }));
const GITHUB_JSON = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' };

export interface SourceDependencies {
  readonly clock: DownloadClock;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly resolveAll: ResolveAll;
}
export const SYSTEM_DEPENDENCIES: SourceDependencies = {
  clock: SYSTEM_CLOCK,
  random: Math.random,
  resolveAll: resolveBySystem,
};

export interface GithubReleaseSource extends ReleaseSource {
  close(): Promise<void>;
}

/**
 * A product's GitHub Releases as a ReleaseSource. Every URL is built here from the configuration and numeric asset ids:
 * no address found in an answer is used, but redirects, which are checked hop by hop. Names are exact: `manifest.json`,
 * `manifest.sig.bundle` and the artefact's signed name. `close` ends idle connections.
 */
export function githubReleaseSource(
  config: GithubReleaseSourceConfig,
  dependencies: SourceDependencies = SYSTEM_DEPENDENCIES,
): GithubReleaseSource {
  const base = checkConfig(config);
  const limits: DownloadLimits = { ...DEFAULT_LIMITS, ...config.limits };
  const context = contextOf(config, limits, dependencies.resolveAll);
  const api = new ReleaseApi(base, config, context);

  const retrying = async <T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> => {
    for (let failures = 1; ; failures++) {
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof TransientNetworkError) || failures > limits.maxRetries) throw error;
        await dependencies.clock.wait(backoffMs(failures, limits, dependencies.random), signal);
        if (signal.aborted) throw abortError(signal);
      }
    }
  };
  const withinDeadline = async <T>(outer: AbortSignal, act: (signal: AbortSignal) => Promise<T>): Promise<Verdict<T>> => {
    const deadline = startDeadline(dependencies.clock, limits.statementDeadlineMs, outer);
    try {
      return accept(await act(deadline.signal));
    } catch (error) {
      return asRefusal(error);
    } finally {
      deadline.release();
    }
  };

  return {
    fetchStatement: (version, outer) =>
      withinDeadline(outer, async (signal): Promise<Statement> => {
        const release = await retrying(signal, () => api.describe(version, signal));
        const manifestBytes = await retrying(signal, () => api.smallAsset(release, 'manifest.json', LIMITS.manifestBytes, signal));
        const bundleBytes = await retrying(signal, () => api.smallAsset(release, 'manifest.sig.bundle', LIMITS.bundleBytes, signal));
        return { manifestBytes, bundleBytes, origin: base.hostname };
      }),
    openArtefact: (version, artefact: Artefact, offset, outer) =>
      withinDeadline(outer, async (signal): Promise<AsyncIterable<Uint8Array>> => {
        const release = await retrying(signal, () => api.describe(version, signal));
        const id = api.assetId(release, artefact.name);
        return rangedDownload({
          offsetBytes: offset,
          sizeBytes: artefact.size,
          open: (headers, downloadSignal) => api.openAsset(id, artefact.name, headers, downloadSignal),
          clock: dependencies.clock,
          random: dependencies.random,
          limits,
          signal: outer,
        });
      }),
    listVersions: (outer) => withinDeadline(outer, (signal) => retrying(signal, () => api.versions(signal))),
    close: () => context.agent.destroy(),
  };
}

function contextOf(config: GithubReleaseSourceConfig, limits: DownloadLimits, resolveAll: ResolveAll): HttpContext {
  const policy = { allowLoopbackHttp: config.allowLoopbackHttp, allowPrivateAddresses: config.allowPrivateAddresses ?? false };
  return {
    agent: guardedDispatcher(config, policy, resolveAll),
    policy,
    userAgent: config.userAgent,
    authorization: config.token === undefined ? undefined : `Bearer ${config.token}`,
    headersTimeoutMs: limits.headersTimeoutMs,
  };
}

/** The four requests that are ever made. */
class ReleaseApi {
  readonly #base: URL;
  readonly #repoPath: string;
  readonly #context: HttpContext;

  constructor(base: URL, config: GithubReleaseSourceConfig, context: HttpContext) {
    this.#base = base;
    this.#repoPath = `repos/${config.owner}/${config.repo}/releases`;
    this.#context = context;
  }

  async describe(version: ReleaseVersion, signal: AbortSignal): Promise<Description> {
    const missing = (): CodedError => new CodedError('upgrade_release_not_found', { version, host: this.#base.hostname });
    const url = new URL(`${this.#repoPath}/tags/v${version}`, this.#base);
    const answer = await this.#get(url, GITHUB_JSON, missing, signal);
    const bytes = await readCapped(answer, MAX_DESCRIPTION_BYTES, signal);
    const parsed = bytes && description.safeParse(parseJson(bytes));
    if (!parsed?.success) throw new CodedError('upgrade_network_error', { host: answer.host, rule: 'unexpected answer' });
    if (parsed.data.tag_name !== `v${version}`) throw missing();
    return parsed.data;
  }

  async versions(signal: AbortSignal): Promise<readonly ReleaseVersion[]> {
    const missing = (): CodedError => new CodedError('upgrade_release_not_found', { host: this.#base.hostname });
    const url = new URL(`${this.#repoPath}?per_page=30`, this.#base);
    const answer = await this.#get(url, GITHUB_JSON, missing, signal);
    const bytes = await readCapped(answer, MAX_LIST_BYTES, signal);
    const parsed = bytes && list.safeParse(parseJson(bytes));
    if (!parsed?.success) throw new CodedError('upgrade_network_error', { host: answer.host, rule: 'unexpected answer' });
    // Tags of other products, or of people, are no versions of this one.
    return parsed.data.flatMap(({ tag_name: tag, draft }) => {
      const version = releaseVersion.safeParse(tag.replace(/^v/, ''));
      return version.success && !draft && tag.startsWith('v') ? [version.data] : [];
    });
  }

  assetId(release: Description, name: string): number {
    const asset = release.assets.find((candidate) => candidate.name === name);
    if (!asset) throw new CodedError('upgrade_release_not_found', { file: name, host: this.#base.hostname });
    return asset.id;
  }

  async smallAsset(release: Description, name: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const answer = await this.openAsset(this.assetId(release, name), name, {}, signal);
    const bytes = await readCapped(answer, maxBytes, signal);
    if (!bytes) throw new CodedError('upgrade_manifest_invalid', { field: '', rule: 'too large', file: name, max_bytes: maxBytes });
    return bytes;
  }

  openAsset(id: number, name: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> {
    const missing = (): CodedError => new CodedError('upgrade_release_not_found', { file: name, host: this.#base.hostname });
    return this.#get(
      new URL(`${this.#repoPath}/assets/${id}`, this.#base),
      { accept: 'application/octet-stream', ...headers },
      missing,
      signal,
    );
  }

  async #get(url: URL, headers: Readonly<Record<string, string>>, missing: () => CodedError, signal: AbortSignal): Promise<HttpAnswer> {
    try {
      return requireSuccess(await httpGet(this.#context, url, headers, signal));
    } catch (error) {
      throw error instanceof HttpStatusError && error.status === 404 ? missing() : error;
    }
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
