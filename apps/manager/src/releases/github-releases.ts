import { readCapped, type GuardedHttp, type HttpAnswer } from '@tidegate/adapter-release-source';
import type { ReleaseView } from '@tidegate/contract-api';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import { releaseVersion } from '@tidegate/contract-manifest';
import { z } from 'zod';
import type { Clock, ReleaseSourceConfig } from '../platform/index.ts';
import { channelOf } from './channel-of.ts';
import { restSecs } from './rate-limit-headers.ts';
import type { ReleaseSources } from './release-sources.ts';

const PER_PAGE = 100;
const MAX_PAGES = 10;
/** A release carries its notes (125,000 characters at most) and a description of each asset. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;
const DEADLINE_MS = 10_000;
const MAX_NOTES_LENGTH = 20_000;

const page = z
  .array(
    z.object({
      tag_name: z.string(),
      draft: z.boolean().default(false),
      prerelease: z.boolean().default(false),
      published_at: z.iso.datetime({ offset: true }).nullable(),
      body: z.string().nullish(),
    }),
  )
  .max(PER_PAGE);

interface CachedPage {
  readonly etag: string;
  readonly releases: readonly ReleaseView[];
  readonly more: boolean;
}

export interface Listing {
  readonly releases: readonly ReleaseView[];
  /** The source asks to be left alone for so long; 0 when it does not. */
  readonly restSecs: number;
}

/**
 * The releases of one repository as GitHub's REST API lists them. Remembers each page with its ETag, so that asking again
 * costs a 304. Every URL is built here: a `Link` header only says whether there is a next page.
 */
export class GithubReleases {
  private readonly pages = new Map<number, CachedPage>();

  constructor(
    private readonly config: ReleaseSourceConfig,
    private readonly sources: ReleaseSources,
    private readonly clock: Clock,
  ) {}

  /** @throws CodedError source_unavailable; details.status when it answered, retry_after_secs when it said when. */
  async list(): Promise<Listing> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const http = await this.sources.http(this.config);
    try {
      return await this.listWith(http, signal);
    } catch (error) {
      throw asUnavailable(error);
    } finally {
      await http.close();
    }
  }

  private async listWith(http: GuardedHttp, signal: AbortSignal): Promise<Listing> {
    const releases = new Map<string, ReleaseView>();
    let rest = 0;
    for (let number = 1; number <= MAX_PAGES; number += 1) {
      const { page: fetched, restSecs: asked } = await this.fetchPage(http, number, signal);
      // A source that repeats itself must not repeat its releases.
      for (const release of fetched.releases) if (!releases.has(release.version)) releases.set(release.version, release);
      rest = Math.max(rest, asked);
      if (!fetched.more) break;
    }
    return { releases: [...releases.values()], restSecs: rest };
  }

  private async fetchPage(http: GuardedHttp, number: number, signal: AbortSignal): Promise<{ page: CachedPage; restSecs: number }> {
    const cached = this.pages.get(number);
    const headers = { accept: 'application/vnd.github+json', ...(cached && { 'if-none-match': cached.etag }) };
    const answer = await http.get(this.urlOf(number), headers, signal);
    const rest = restSecs(answer.header, this.clock.now());
    if (answer.status === 304 && cached) {
      discard(answer);
      return { page: cached, restSecs: rest };
    }
    if (answer.status !== 200) {
      discard(answer);
      throw new CodedError('source_unavailable', { status: answer.status, ...(rest > 0 && { retry_after_secs: rest }) });
    }
    const bytes = await readCapped(answer, MAX_PAGE_BYTES, signal);
    if (!bytes) throw new CodedError('source_unavailable', { reason: 'answer_too_large' });
    const fetched = { releases: parsePage(bytes), more: hasNext(answer.header('link')), etag: answer.header('etag') ?? '' };
    if (fetched.etag !== '') this.pages.set(number, fetched);
    return { page: fetched, restSecs: rest };
  }

  private urlOf(number: number): URL {
    return new URL(`${releasesPath(this.config)}?per_page=${PER_PAGE}&page=${number}`);
  }
}

export const releasesPath = ({ api_base_url: base, owner, repo }: ReleaseSourceConfig): string =>
  `${base.replace(/\/+$/, '')}/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repo)}/releases`;

const discard = (answer: HttpAnswer): void => void answer.body.on('error', () => undefined).destroy();

/** The transport speaks of upgrades, because nodes use it too. */
export function asUnavailable(error: unknown): CodedError {
  if (!isCodedError(error)) return new CodedError('source_unavailable', { reason: 'answer_malformed' }, { cause: error });
  if (error.code === 'source_unavailable') return error;
  const reason = error.code === 'upgrade_url_invalid' ? 'address_refused' : error.code === 'upgrade_interrupted' ? 'deadline' : 'network';
  return new CodedError('source_unavailable', { ...error.details, reason }, { cause: error });
}

const hasNext = (link: string | undefined): boolean => /;\s*rel="next"/.test(link ?? '');

/** Terminals obey what they print, and notes are somebody else's text; line breaks and tabs stay. */
const withoutControls = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');

/** A tag that is no strict version is somebody else's tag, not an error. */
function parsePage(bytes: Uint8Array): ReleaseView[] {
  const parsed = page.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  if (!parsed.success) throw new CodedError('source_unavailable', { reason: 'answer_malformed' });
  return parsed.data.flatMap((entry): ReleaseView[] => {
    const version = releaseVersion.safeParse(entry.tag_name.replace(/^v/, ''));
    if (!version.success || entry.draft || entry.published_at === null) return [];
    return [
      {
        version: version.data,
        channel: channelOf(version.data),
        published_at: new Date(entry.published_at).toISOString(),
        notes: withoutControls((entry.body ?? '').slice(0, MAX_NOTES_LENGTH)),
        prerelease: entry.prerelease,
      },
    ];
  });
}
