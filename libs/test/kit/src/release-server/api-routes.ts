import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { assetJson, pageLinks, releaseJson } from './release-json.ts';
import { isSegment, type ReleaseStore, type StoredAsset, type StoredRelease } from './release-store.ts';

export interface ApiOptions {
  readonly store: ReleaseStore;
  /** With a token the repositories are private: other callers get 404, as on GitHub. */
  readonly token: string | undefined;
  readonly requestsPerHour: number;
  readonly now: () => number;
  /** Address of this API, without a trailing slash. */
  readonly apiUrl: () => string;
  /** Short-lived address on the download host. */
  readonly downloadUrl: (release: StoredRelease, asset: StoredAsset) => string;
}

/** Counts requests per hour like GitHub's primary rate limit; a 304 to an authenticated caller is free. */
class RateLimit {
  readonly #options: ApiOptions;
  #windowEndsAt = 0;
  #used = 0;
  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** Counts one request and says whether it is within the limit. */
  take(): boolean {
    const now = this.#options.now();
    if (now >= this.#windowEndsAt) {
      this.#windowEndsAt = now + 3_600_000;
      this.#used = 0;
    }
    this.#used += 1;
    return this.#used <= this.#options.requestsPerHour;
  }

  giveBack(): void {
    this.#used -= 1;
  }

  writeTo(response: ServerResponse): void {
    const limit = this.#options.requestsPerHour;
    response.setHeader('x-ratelimit-limit', limit);
    response.setHeader('x-ratelimit-remaining', Math.max(0, limit - this.#used));
    response.setHeader('x-ratelimit-used', Math.min(limit, this.#used));
    response.setHeader('x-ratelimit-reset', Math.ceil(this.#windowEndsAt / 1000));
    response.setHeader('x-ratelimit-resource', 'core');
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Handler of the API host. */
export function apiRoutes(options: ApiOptions): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const rateLimit = new RateLimit(options);

  function send(request: IncomingMessage, response: ServerResponse, status: number, body: unknown): void {
    const text = JSON.stringify(body);
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.setHeader('vary', 'Accept, Authorization');
    if (status === 200) {
      const etag = `W/"${createHash('sha256').update(text).digest('hex')}"`;
      response.setHeader('etag', etag);
      response.setHeader('cache-control', 'private, max-age=60, s-maxage=60');
      if (request.headers['if-none-match'] === etag) {
        if (request.headers.authorization) rateLimit.giveBack();
        rateLimit.writeTo(response);
        response.writeHead(304).end();
        return;
      }
    }
    rateLimit.writeTo(response);
    response.writeHead(status, { 'content-length': Buffer.byteLength(text) });
    response.end(request.method === 'HEAD' ? undefined : text);
  }

  function mayRead(request: IncomingMessage): 'yes' | 'anonymous' | 'bad credentials' {
    const given = /^(?:Bearer|token) (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (options.token === undefined) return 'yes';
    if (given === undefined) return 'anonymous';
    return timingSafeEqual(digest(given), digest(options.token)) ? 'yes' : 'bad credentials';
  }

  async function listing(request: IncomingMessage, response: ServerResponse, url: URL, owner: string, repo: string): Promise<void> {
    const whole = (name: string, otherwise: number, max: number): number => {
      const value = Number(url.searchParams.get(name) ?? otherwise);
      return Number.isInteger(value) && value >= 1 ? Math.min(value, max) : otherwise;
    };
    const perPage = whole('per_page', 30, 100);
    const page = whole('page', 1, 1_000_000);
    const all = (await options.store.releases(owner, repo)).filter((release) => !release.draft);
    const links = pageLinks(url, page, perPage, all.length);
    if (links) response.setHeader('link', links);
    send(request, response, 200, all.slice((page - 1) * perPage, page * perPage).map((release) => releaseJson(options.apiUrl(), release)));
  }

  async function asset(request: IncomingMessage, response: ServerResponse, releases: StoredRelease[], isMeant: (asset: StoredAsset, release: StoredRelease) => boolean, asBytes: boolean): Promise<void> {
    for (const release of releases) {
      for (const candidate of release.assets) {
        if (!isMeant(candidate, release)) continue;
        if (!asBytes) return send(request, response, 200, assetJson(options.apiUrl(), release, candidate));
        rateLimit.writeTo(response);
        response.writeHead(302, { location: options.downloadUrl(release, candidate), 'content-length': 0 }).end();
        return;
      }
    }
    notFound(request, response);
  }

  const notFound = (request: IncomingMessage, response: ServerResponse): void => send(request, response, 404, { message: 'Not Found', status: '404' });

  return async (request, response) => {
    const url = new URL(request.url ?? '/', options.apiUrl());
    response.setHeader('x-github-media-type', 'github.v3; format=json');
    if (!rateLimit.take()) return send(request, response, 403, { message: 'API rate limit exceeded' });
    if (request.method !== 'GET' && request.method !== 'HEAD') return notFound(request, response);
    const access = mayRead(request);
    if (access === 'bad credentials') return send(request, response, 401, { message: 'Bad credentials', status: '401' });

    const segments = url.pathname.split('/').slice(1).map((segment) => safeDecode(segment));
    const isApi = segments[0] === 'repos';
    const [owner = '', repo = '', releases, ...rest] = isApi ? segments.slice(1) : segments;
    if (access === 'anonymous' || releases !== 'releases' || !(await options.store.repoExists(owner, repo))) return notFound(request, response);
    if (!isApi) {
      const [, tag, name] = rest;
      return rest[0] === 'download' && rest.length === 3
        ? asset(request, response, await options.store.releases(owner, repo), (file, release) => release.tag === tag && file.name === name && !release.draft, true)
        : notFound(request, response);
    }
    if (rest.length === 0) return listing(request, response, url, owner, repo);
    if (rest[0] === 'assets' && rest.length === 2) {
      const asBytes = request.headers.accept === 'application/octet-stream';
      return asset(request, response, await options.store.releases(owner, repo), (file) => String(file.id) === rest[1], asBytes);
    }
    const release = await one(owner, repo, rest);
    return release ? send(request, response, 200, releaseJson(options.apiUrl(), release)) : notFound(request, response);
  };

  async function one(owner: string, repo: string, rest: string[]): Promise<StoredRelease | null> {
    if (rest[0] === 'tags' && rest.length === 2) {
      const release = await options.store.release(owner, repo, rest[1] ?? '');
      return release && !release.draft ? release : null;
    }
    if (rest.length !== 1) return null;
    const all = await options.store.releases(owner, repo);
    const isMeant = (release: StoredRelease): boolean =>
      rest[0] === 'latest' ? !release.draft && !release.prerelease : String(release.id) === rest[0];
    return all.find(isMeant) ?? null;
  }
}

const safeDecode = (segment: string): string => {
  try {
    const decoded = decodeURIComponent(segment);
    return isSegment(decoded) ? decoded : '';
  } catch {
    return '';
  }
};
