import { Inject, Injectable } from '@nestjs/common';
import type { DiscoveryCandidates, DiscoveryRemote, DiscoveryStatus } from '@tidegate/contract-api';
import { isCodedError } from '@tidegate/contract-errors';
import { CLOCK, CONFIG, Database, LOG, type Clock, type Log, type ManagerConfig } from '../platform/index.ts';
import { channelOf } from '../releases/index.ts';
import { isBusy } from './check-schedule.ts';
import { ConfiguredRemotes, type ConfiguredRemote } from './configured-remotes.ts';
import * as records from './persistence/discovery-records.ts';
import { askRemote } from './remote-tags.ts';
import { candidatesAbove, lowestOf, tagOf, type VersionTag } from './version-tags.ts';

/** What the whole fleet has committed is read anew after this. */
const KEEP_COMMITTED_MS = 5000;

/** The commit a version's tag stands for; `missing` also when the remote cannot say: whoever needs it must not go on without. */
export type TagCommit = { readonly commit: string } | 'not_configured' | 'missing';

/** What the remotes said last, for people and for rollouts. Nothing of it is verified: a node believes signatures. */
@Injectable()
export class Discovery {
  private committed: { readonly atMs: number; readonly versions: Promise<ReadonlyMap<string, readonly string[]>> } | undefined;

  constructor(
    private readonly remotes: ConfiguredRemotes,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(LOG) private readonly log: Log,
  ) {}

  async status(): Promise<DiscoveryStatus> {
    const { state, stored } = await this.database.read(async (em) => ({
      state: await records.readState(em),
      stored: await records.readRemotes(em),
    }));
    const configured = this.remotes.all.length > 0;
    const nextMs = state.startedAt && state.startedAt.getTime() + this.config.discovery.check_every_secs * 1000;
    return {
      configured,
      checking: isBusy(state, this.clock.now()),
      checked_at: state.checkedAt?.toISOString() ?? null,
      next_check_at: configured && nextMs ? new Date(nextMs).toISOString() : null,
      revision: state.revision,
      remotes: this.remotes.all.map((remote) => viewOfRemote(remote, stored)),
    };
  }

  async candidates(query: { device_type?: string | undefined; limit: number }): Promise<DiscoveryCandidates> {
    const asked = this.remotes.all.filter((remote) => query.device_type === undefined || remote.device_type === query.device_type);
    const types = asked.map((remote) => remote.device_type);
    const [committed, tags] = await Promise.all([this.committedVersions(), this.database.read((em) => this.knownTags(em, types))]);
    return {
      configured: this.remotes.all.length > 0,
      device_types: types.map((deviceType) => {
        const above = lowestOf(committed.get(deviceType) ?? []);
        const found = candidatesAbove(tags.get(deviceType) ?? [], above);
        return { device_type: deviceType, above, items: found.slice(0, query.limit).map(viewOfCandidate), total: found.length };
      }),
    };
  }

  /**
   * Asks the remote for this one tag, because a tag that was made a minute ago, or was moved, must not be missed; what was
   * stored answers when the remote does not.
   */
  async commitOf(deviceType: string, version: string): Promise<TagCommit> {
    const remote = this.remotes.of(deviceType);
    if (!remote) return 'not_configured';
    const named = (tags: readonly VersionTag[]): TagCommit => {
      const tag = tags.find((one) => one.version === version);
      return tag ? { commit: tag.commit } : 'missing';
    };
    try {
      return named(await askRemote(remote, new AbortController().signal, tagOf(remote.tag_pattern, version)));
    } catch (error) {
      if (!isCodedError(error)) throw error;
      this.log.warn({ code: error.code, device_type: deviceType, details: error.details }, 'a git remote did not tell a tag');
      return named((await this.database.read((em) => this.knownTags(em, [deviceType]))).get(deviceType) ?? []);
    }
  }

  /** Of remotes whose answer is still theirs: address and pattern have not changed since. */
  private async knownTags(
    em: Parameters<typeof records.readTags>[0],
    deviceTypes: readonly string[],
  ): Promise<ReadonlyMap<string, VersionTag[]>> {
    const stored = await records.readRemotes(em);
    const current = deviceTypes.filter((type) =>
      stored.some((one) => one.deviceType === type && one.remoteKey === this.remotes.of(type)?.key),
    );
    const known = new Map<string, VersionTag[]>(current.map((type) => [type, []]));
    for (const { deviceType, ...tag } of await records.readTags(em, current)) known.get(deviceType)?.push(tag);
    return known;
  }

  private committedVersions(): Promise<ReadonlyMap<string, readonly string[]>> {
    const nowMs = this.clock.now().getTime();
    if (!this.committed || nowMs - this.committed.atMs >= KEEP_COMMITTED_MS) {
      const versions = this.database.read(records.readCommittedVersions);
      this.committed = { atMs: nowMs, versions };
      versions.catch(() => (this.committed = undefined));
    }
    return this.committed.versions;
  }
}

function viewOfRemote(remote: ConfiguredRemote, stored: readonly records.RemoteRecord[]): DiscoveryRemote {
  const answer = stored.find((one) => one.deviceType === remote.device_type && one.remoteKey === remote.key);
  return {
    device_type: remote.device_type,
    url: remote.shownUrl,
    tag_pattern: remote.tag_pattern,
    checked_at: answer?.checkedAt.toISOString() ?? null,
    error_code: answer?.errorCode ?? null,
    version_count: answer?.versionCount ?? 0,
    newest_version: answer?.newestVersion ?? null,
  };
}

const viewOfCandidate = ({ version, tag, commit, tagObject }: VersionTag) => ({
  version,
  channel: channelOf(version),
  tag,
  commit,
  tag_object: tagObject,
});
