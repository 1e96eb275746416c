import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RateLimit } from './rate-limit.ts';
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

/** What a route answers; writing it out is one function's work. */
type Answer =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown; readonly link?: string | null }
  | { readonly kind: 'redirect'; readonly location: string };

const NOT_FOUND: Answer = { kind: 'json', status: 404, body: { message: 'Not Found', status: '404' } };
const ok = (body: unknown, link: string | null = null): Answer => ({ kind: 'json', status: 200, body, link });
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Handler of the API host. */
export function apiRoutes(options: ApiOptions): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const rateLimit = new RateLimit(options.requestsPerHour, options.now);
  const routes = new Routes(options);
  return async (request, response) => {
    if (!rateLimit.take())
      return send(request, response, rateLimit, { kind: 'json', status: 403, body: { message: 'API rate limit exceeded' } });
    const access = mayRead(request, options.token);
    if (access === 'bad credentials')
      return send(request, response, rateLimit, { kind: 'json', status: 401, body: { message: 'Bad credentials' } });
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    send(request, response, rateLimit, access === 'anonymous' || !isRead ? NOT_FOUND : await routes.answer(request));
  };
}

function mayRead(request: IncomingMessage, token: string | undefined): 'yes' | 'anonymous' | 'bad credentials' {
  if (token === undefined) return 'yes';
  const given = /^(?:Bearer|token) (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (given === undefined) return 'anonymous';
  return timingSafeEqual(digest(given), digest(token)) ? 'yes' : 'bad credentials';
}

function send(request: IncomingMessage, response: ServerResponse, rateLimit: RateLimit, answer: Answer): void {
  response.setHeader('x-github-media-type', 'github.v3; format=json');
  if (answer.kind === 'redirect') {
    rateLimit.writeTo(response);
    response.writeHead(302, { location: answer.location, 'content-length': 0 }).end();
    return;
  }
  const text = JSON.stringify(answer.body);
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('vary', 'Accept, Authorization');
  if (answer.link) response.setHeader('link', answer.link);
  if (answer.status === 200) {
    const etag = `W/"${digest(text).toString('hex')}"`;
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
  response.writeHead(answer.status, { 'content-length': Buffer.byteLength(text) });
  response.end(request.method === 'HEAD' ? undefined : text);
}

class Routes {
  readonly #options: ApiOptions;
  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** `/repos/{owner}/{repo}/releases…` and the browser's `/{owner}/{repo}/releases/download/{tag}/{name}`. */
  async answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? '/', this.#options.apiUrl());
    const segments = url.pathname.split('/').slice(1).map(safeDecode);
    const isApi = segments[0] === 'repos';
    const [owner = '', repo = '', releases, ...rest] = isApi ? segments.slice(1) : segments;
    if (releases !== 'releases' || !(await this.#options.store.repoExists(owner, repo))) return NOT_FOUND;
    const all = await this.#options.store.releases(owner, repo);
    const visible = all.filter((release) => !release.draft);
    const [first, second, third] = rest;
    if (!isApi) {
      if (first !== 'download' || rest.length !== 3) return NOT_FOUND;
      return this.#asset(visible, (asset, release) => release.tag === second && asset.name === third, true);
    }
    if (rest.length === 0) return this.#listing(url, visible);
    if (first === 'assets' && rest.length === 2) {
      return this.#asset(all, (asset) => String(asset.id) === second, request.headers.accept === 'application/octet-stream');
    }
    if (first === 'tags' && rest.length === 2) return this.#one(visible.find((release) => release.tag === second));
    if (rest.length !== 1) return NOT_FOUND;
    return this.#one(
      first === 'latest' ? visible.find((release) => !release.prerelease) : all.find((release) => String(release.id) === first),
    );
  }

  #one(release: StoredRelease | undefined): Answer {
    return release ? ok(releaseJson(this.#options.apiUrl(), release)) : NOT_FOUND;
  }

  #listing(url: URL, releases: readonly StoredRelease[]): Answer {
    const whole = (name: string, otherwise: number, max: number): number => {
      const value = Number(url.searchParams.get(name) ?? otherwise);
      return Number.isInteger(value) && value >= 1 ? Math.min(value, max) : otherwise;
    };
    const perPage = whole('per_page', 30, 100);
    const page = whole('page', 1, 1_000_000);
    const onPage = releases.slice((page - 1) * perPage, page * perPage);
    return ok(
      onPage.map((release) => releaseJson(this.#options.apiUrl(), release)),
      pageLinks(url, page, perPage, releases.length),
    );
  }

  #asset(releases: readonly StoredRelease[], isMeant: (asset: StoredAsset, release: StoredRelease) => boolean, asBytes: boolean): Answer {
    for (const release of releases) {
      const asset = release.assets.find((candidate) => isMeant(candidate, release));
      if (!asset) continue;
      if (!asBytes) return ok(assetJson(this.#options.apiUrl(), release, asset));
      return { kind: 'redirect', location: this.#options.downloadUrl(release, asset) };
    }
    return NOT_FOUND;
  }
}

function safeDecode(segment: string): string {
  try {
    const decoded = decodeURIComponent(segment);
    return isSegment(decoded) ? decoded : '';
  } catch {
    return '';
  }
}
