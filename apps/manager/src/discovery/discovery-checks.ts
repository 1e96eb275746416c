import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import type { EntityManager } from 'typeorm';
import { AuditTrail } from '../audit/index.ts';
import type { SignedIn } from '../auth/index.ts';
import { CLOCK, CONFIG, Database, Leases, LOG, type Clock, type Log, type ManagerConfig } from '../platform/index.ts';
import { decideCheck } from './check-schedule.ts';
import { ConfiguredRemotes, type ConfiguredRemote } from './configured-remotes.ts';
import * as records from './persistence/discovery-records.ts';
import { askRemote } from './remote-tags.ts';
import type { VersionTag } from './version-tags.ts';

/** How often it is asked whether a check is due; how often one is due is configured. */
const LOOK_EVERY_MS = 15_000;
const AT_ONCE = 4;
/** A remote has 20 s; this is for all of them, with some air. After it a check counts as dead. */
const budgetMs = (remotes: number): number => Math.ceil(remotes / AT_ONCE) * 20_000 + 40_000;
const MAX_TRIES = 5;

type Found = { readonly answer: records.RemoteAnswer; readonly tags: readonly VersionTag[] | null };

/** Looks at the remotes: one check at a time for the whole installation, on whichever replica is first to claim it. */
@Injectable()
export class DiscoveryChecks implements OnModuleInit, BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly remotes: ConfiguredRemotes,
    private readonly database: Database,
    private readonly leases: Leases,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    if (this.remotes.all.length === 0) return;
    // The lease spares the other replicas the question; that there is one check at a time is the row's to hold.
    this.leases.every('discovery.check', LOOK_EVERY_MS, async () => {
      const revision = await this.claim('by itself');
      if (revision !== null) await this.run(revision);
    });
  }

  /**
   * Begins a check unless one runs; it goes on after this returns.
   * @throws CodedError discovery_not_configured, rate_limited (details: retry_after_secs)
   */
  async begin(caller: SignedIn): Promise<void> {
    if (this.remotes.all.length === 0) throw new CodedError('discovery_not_configured');
    const revision = await this.claim('by a person', (em) =>
      this.audit.append(em, {
        actor: caller.actor,
        action: 'discovery.check',
        target: { kind: 'installation', id: 'discovery' },
        address: caller.address,
      }),
    );
    if (revision === null) return;
    const run = this.run(revision).catch((error: unknown) => this.log.warn({ err: error }, 'a check of the git remotes failed'));
    this.running.add(run);
    void run.then(() => this.running.delete(run));
  }

  /** Reads, decides, and moves the row on from the revision it read; who comes second reads again, and finds it begun. */
  private async claim(asked: 'by itself' | 'by a person', also?: (em: EntityManager) => Promise<void>): Promise<number | null> {
    return await this.database.transaction(async (em) => {
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const now = this.clock.now();
        const state = await records.readState(em);
        const decision = decideCheck(state, asked, now, this.config.discovery.check_every_secs * 1000);
        if (decision.kind === 'running') return null;
        if (decision.kind === 'not_yet') {
          if (asked === 'by itself') return null;
          throw new CodedError('rate_limited', { retry_after_secs: decision.waitMs / 1000 });
        }
        const busyUntil = new Date(now.getTime() + budgetMs(this.remotes.all.length));
        const revision = await records.claimCheck(em, state.revision, now, busyUntil);
        if (revision === null) continue;
        await also?.(em);
        return revision;
      }
      throw new CodedError('revision_stale');
    });
  }

  private async run(revision: number): Promise<void> {
    const found: Found[] = [];
    const waiting = [...this.remotes.all];
    const worker = async (): Promise<void> => {
      for (let remote = waiting.shift(); remote; remote = waiting.shift()) found.push(await this.ask(remote));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    // A replica that is stopping has asked nobody to the end; another one takes the check over.
    if (this.stopping.signal.aborted) return;
    await this.database.transaction(async (em) => {
      if (!(await records.closeCheck(em, revision, this.clock.now()))) return;
      await records.forgetOtherRemotes(em, this.remotes.deviceTypes);
      for (const { answer, tags } of found) await (tags ? records.storeTags(em, answer, tags) : records.storeFailure(em, answer));
    });
  }

  private async ask(remote: ConfiguredRemote): Promise<Found> {
    const answer = { deviceType: remote.device_type, remoteKey: remote.key };
    try {
      const tags = await askRemote(remote, this.stopping.signal);
      return { answer: { ...answer, checkedAt: this.clock.now(), errorCode: null }, tags };
    } catch (error) {
      if (!isCodedError(error)) throw error;
      this.log.warn({ code: error.code, device_type: remote.device_type, details: error.details }, 'a git remote did not tell its tags');
      return { answer: { ...answer, checkedAt: this.clock.now(), errorCode: error.code }, tags: null };
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
  }
}
