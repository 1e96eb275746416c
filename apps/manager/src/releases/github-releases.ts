import { readFile } from 'node:fs/promises';
import { CodedError } from '@tidegate/contract-errors';
import { releaseVersion } from '@tidegate/contract-manifest';
import type { ReleaseView } from '@tidegate/contract-api';
import { request } from 'undici';
import { z } from 'zod';
import type { ReleaseSourceConfig } from '../platform/index.ts';
import { channelOf } from './channel-of.ts';

const PER_PAGE = 100;
const MAX_PAGES = 10;
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
const DEADLINE_MS = 10_000;
const MAX_NOTES_LENGTH = 20_000;

const page = z.array(
  z.object({
    tag_name: z.string(),
    draft: z.boolean().default(false),
    prerelease: z.boolean().default(false),
    published_at: z.iso.datetime({ offset: true }).nullable(),
    body: z.string().nullish(),
  }),
);

interface CachedPage {
  readonly etag: string;
  readonly releases: readonly ReleaseView[];
  readonly more: boolean;
}

/**
 * The releases of one repository as GitHub's REST API lists them. Remembers each page with its ETag, so that asking again
 * costs a 304. Every URL is built here: a `Link` header only says whether there is a next page.
 */
export class GithubReleases {
  private readonly pages = new Map<number, CachedPage>();

  constructor(private readonly config: ReleaseSourceConfig) {
    if (!isAllowed(new URL(config.api_base_url), config.allow_loopback_http)) {
      throw new CodedError('config_invalid', { problems: ['release_sources.api_base_url: https only'] });
    }
  }

  /** @throws CodedError source_unavailable; details.status when it answered, retry_after_secs when it said when. */
  async list(): Promise<ReleaseView[]> {
    const releases: ReleaseView[] = [];
    const signal = AbortSignal.timeout(DEADLINE_MS);
    for (let number = 1; number <= MAX_PAGES; number += 1) {
      const fetched = await this.fetchPage(number, signal);
      releases.push(...fetched.releases);
      if (!fetched.more) break;
    }
    return releases;
  }

  private async fetchPage(number: number, signal: AbortSignal): Promise<CachedPage> {
    const { api_base_url: base, owner, repo } = this.config;
    const url = `${base.replace(/\/+$/, '')}/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repo)}/releases?per_page=${PER_PAGE}&page=${number}`;
    const cached = this.pages.get(number);
    try {
      const headers = { accept: 'application/vnd.github+json', 'user-agent': 'tidegate-manager', ...(await this.authorization()) };
      const response = await request(url, { headers: { ...headers, ...(cached && { 'if-none-match': cached.etag }) }, signal });
      if (response.statusCode === 304 && cached) {
        await response.body.dump();
        return cached;
      }
      if (response.statusCode !== 200) {
        await response.body.dump();
        throw new CodedError('source_unavailable', { status: response.statusCode, ...retryAfter(response.headers['retry-after']) });
      }
      const fetched = {
        ...parsePage(await readCapped(response.body)),
        more: hasNext(response.headers['link']),
        etag: String(response.headers['etag'] ?? ''),
      };
      if (fetched.etag !== '') this.pages.set(number, fetched);
      return fetched;
    } catch (error) {
      if (error instanceof CodedError) throw error;
      throw new CodedError('source_unavailable', {}, { cause: error });
    }
  }

  /** Read for each request: a token that was renewed on disk is used at once. */
  private async authorization(): Promise<Record<string, string>> {
    if (!this.config.token_file) return {};
    return { authorization: `Bearer ${(await readFile(this.config.token_file, 'utf8')).trim()}` };
  }
}

function isAllowed(url: URL, loopbackHttp: boolean): boolean {
  if (url.username || url.password) return false;
  if (url.protocol === 'https:') return true;
  return loopbackHttp && url.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
}

const hasNext = (link: string | string[] | undefined): boolean => /;\s*rel="next"/.test([link].flat().join(','));
const retryAfter = (header: string | string[] | undefined): { retry_after_secs?: number } =>
  typeof header === 'string' && /^\d{1,5}$/.test(header) ? { retry_after_secs: Number(header) } : {};

async function readCapped(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_PAGE_BYTES) throw new CodedError('source_unavailable', { reason: 'answer_too_large' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A tag that is no strict version is somebody else's tag, not an error. */
function parsePage(text: string): { releases: ReleaseView[] } {
  const parsed = page.safeParse(JSON.parse(text));
  if (!parsed.success) throw new CodedError('source_unavailable', { reason: 'answer_malformed' });
  const releases = parsed.data.flatMap((entry): ReleaseView[] => {
    const version = releaseVersion.safeParse(entry.tag_name.replace(/^v/, ''));
    if (!version.success || entry.draft || entry.published_at === null) return [];
    return [
      {
        version: version.data,
        channel: channelOf(version.data),
        published_at: new Date(entry.published_at).toISOString(),
        notes: (entry.body ?? '').slice(0, MAX_NOTES_LENGTH),
        prerelease: entry.prerelease,
      },
    ];
  });
  return { releases };
}
