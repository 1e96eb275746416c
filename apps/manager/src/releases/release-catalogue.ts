import { Inject, Injectable } from '@nestjs/common';
import type { ReleaseList, ReleaseView } from '@tidegate/contract-api';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import { rcompare } from 'semver';
import { CLOCK, LOG, type Clock, type Log } from '../platform/index.ts';
import { GithubReleases } from './github-releases.ts';
import { ReleaseSources } from './release-sources.ts';

const FRESH_MS = 5 * 60_000;
/** A version that is missing from a fresh list may have been published since; asked at most this often. */
const RECHECK_MS = 5000;
const RETRY_MS = 15_000;

interface Shelf {
  readonly source: GithubReleases;
  releases: readonly ReleaseView[];
  fetchedAt: Date | undefined;
  notBefore: number;
  stale: boolean;
  fetching: Promise<void> | undefined;
}

/** What the release sources list, per device type. Advisory: a node believes signatures, not this. */
@Injectable()
export class ReleaseCatalogue {
  private readonly shelves: ReadonlyMap<string, Shelf>;

  constructor(
    sources: ReleaseSources,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.shelves = new Map(
      sources.all.map((source): [string, Shelf] => {
        const releases = new GithubReleases(source, sources, clock);
        return [
          source.device_type,
          { source: releases, releases: [], fetchedAt: undefined, notBefore: 0, stale: false, fetching: undefined },
        ];
      }),
    );
  }

  /** Newest first. @throws CodedError release_source_missing, source_unavailable (only when nothing is known yet) */
  async list(deviceType: string, query: { channel?: string | undefined; limit: number }): Promise<ReleaseList> {
    const shelf = this.shelves.get(deviceType);
    if (!shelf) throw new CodedError('release_source_missing');
    await this.refresh(shelf, FRESH_MS);
    if (!shelf.fetchedAt) throw new CodedError('source_unavailable');
    const items = shelf.releases.filter((release) => query.channel === undefined || release.channel === query.channel);
    return { device_type: deviceType, items: items.slice(0, query.limit), fetched_at: shelf.fetchedAt.toISOString(), stale: shelf.stale };
  }

  /** Whether the source lists the version; `unknown` when nobody can say, which must not keep anybody from an upgrade. */
  async has(deviceType: string, version: string, channel: string): Promise<'yes' | 'no' | 'unknown'> {
    const found = await this.find(deviceType, version);
    return typeof found === 'string' ? found : found.channel === channel ? 'yes' : 'no';
  }

  /** The version as the source lists it; `no` only from a list that is fresh. */
  async find(deviceType: string, version: string): Promise<ReleaseView | 'no' | 'unknown'> {
    const shelf = this.shelves.get(deviceType);
    if (!shelf) return 'unknown';
    const listed = (): ReleaseView | undefined => shelf.releases.find((release) => release.version === version);
    await this.refresh(shelf, FRESH_MS);
    if (!listed()) await this.refresh(shelf, RECHECK_MS);
    return listed() ?? (shelf.stale || !shelf.fetchedAt ? 'unknown' : 'no');
  }

  /**
   * Afterwards the shelf is as good as it gets: fresh, or marked stale. While the source fails, what it said last is served
   * at once and it is asked behind the caller's back; a caller would otherwise wait for the same failure again and again.
   */
  private async refresh(shelf: Shelf, maxAgeMs: number): Promise<void> {
    const now = this.clock.now().getTime();
    const ageMs = shelf.fetchedAt ? now - shelf.fetchedAt.getTime() : Number.POSITIVE_INFINITY;
    // An empty shelf is most likely one whose first release is just being published.
    const enoughMs = shelf.releases.length === 0 ? RECHECK_MS : maxAgeMs;
    if ((ageMs < enoughMs && !shelf.stale) || now < shelf.notBefore) return;
    shelf.fetching ??= this.fetch(shelf).finally(() => (shelf.fetching = undefined));
    if (!shelf.stale || !shelf.fetchedAt) await shelf.fetching;
  }

  private async fetch(shelf: Shelf): Promise<void> {
    try {
      const { releases, restSecs } = await shelf.source.list();
      shelf.releases = [...releases].sort((a, b) => rcompare(a.version, b.version));
      shelf.fetchedAt = this.clock.now();
      shelf.stale = false;
      shelf.notBefore = this.clock.now().getTime() + restSecs * 1000;
    } catch (error) {
      const details = isCodedError(error) ? error.details : {};
      this.log.warn({ code: 'source_unavailable', details }, 'release source did not answer');
      shelf.stale = true;
      const wait = Number(details['retry_after_secs'] ?? 0) * 1000;
      shelf.notBefore = this.clock.now().getTime() + Math.max(RETRY_MS, wait);
    }
  }
}
