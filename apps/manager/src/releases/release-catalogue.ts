import { Inject, Injectable } from '@nestjs/common';
import type { ReleaseList, ReleaseView } from '@tidegate/contract-api';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import { rcompare } from 'semver';
import { CLOCK, CONFIG, LOG, type Clock, type Log, type ManagerConfig } from '../platform/index.ts';
import { GithubReleases } from './github-releases.ts';

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
    @Inject(CONFIG) config: ManagerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.shelves = new Map(
      config.release_sources.map((source): [string, Shelf] => [
        source.device_type,
        { source: new GithubReleases(source), releases: [], fetchedAt: undefined, notBefore: 0, stale: false, fetching: undefined },
      ]),
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
    const shelf = this.shelves.get(deviceType);
    if (!shelf) return 'unknown';
    const listed = (): boolean => shelf.releases.some((release) => release.version === version && release.channel === channel);
    await this.refresh(shelf, FRESH_MS);
    if (!listed()) await this.refresh(shelf, RECHECK_MS);
    if (listed()) return 'yes';
    return shelf.stale || !shelf.fetchedAt ? 'unknown' : 'no';
  }

  private async refresh(shelf: Shelf, maxAgeMs: number): Promise<void> {
    const now = this.clock.now().getTime();
    const ageMs = shelf.fetchedAt ? now - shelf.fetchedAt.getTime() : Number.POSITIVE_INFINITY;
    // An empty shelf is most likely one whose first release is just being published.
    const enoughMs = shelf.releases.length === 0 ? RECHECK_MS : maxAgeMs;
    if ((ageMs < enoughMs && !shelf.stale) || now < shelf.notBefore) return;
    await (shelf.fetching ??= this.fetch(shelf).finally(() => (shelf.fetching = undefined)));
  }

  private async fetch(shelf: Shelf): Promise<void> {
    try {
      const releases = await shelf.source.list();
      shelf.releases = releases.sort((a, b) => rcompare(a.version, b.version));
      shelf.fetchedAt = this.clock.now();
      shelf.stale = false;
    } catch (error) {
      const details = isCodedError(error) ? error.details : {};
      this.log.warn({ code: 'source_unavailable', details }, 'release source did not answer');
      shelf.stale = true;
      const wait = Number(details['retry_after_secs'] ?? 0) * 1000;
      shelf.notBefore = this.clock.now().getTime() + Math.max(RETRY_MS, wait);
    }
  }
}
