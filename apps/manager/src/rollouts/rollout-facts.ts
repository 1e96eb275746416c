import { Inject, Injectable } from '@nestjs/common';
import type { RolloutCounts, RolloutReturns } from '@tidegate/contract-api';
import { compareCohorts, type Facts } from '@tidegate/domain-rollout';
import type { EntityManager } from 'typeorm';
import { CLOCK, CONFIG, type Clock, type ManagerConfig } from '../platform/index.ts';
import { readCohorts, refreshHealth } from './persistence/health-records.ts';
import { insertReturns } from './persistence/return-records.ts';
import { hasSettledIn, readCounts } from './persistence/rollout-records.ts';
import { syncTargets } from './persistence/target-records.ts';
import type { Proof } from './provenance.ts';
import type { RolloutRecord } from './rollout-record.ts';
import { RolloutReturning, sendingBackOf } from './rollout-returning.ts';

export interface Seen {
  readonly facts: Facts;
  readonly counts: readonly RolloutCounts[];
  /** Null: it sent nobody back. */
  readonly returns: RolloutReturns | null;
}

const WATCHED = ['dispatching', 'settling', 'awaiting_approval'];

/** What decisions are made from, read in the transaction in which the row of the rollout is locked. */
@Injectable()
export class RolloutFacts {
  private readonly bornAtMs: number;

  constructor(
    private readonly returning: RolloutReturning,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {
    this.bornAtMs = clock.now().getTime();
  }

  /** Brings the targets up to date first. Without a proof, what was proven when the wave was opened stands. */
  async read(em: EntityManager, record: RolloutRecord, proof: Proof | null): Promise<Seen> {
    const { rollout, pins } = record;
    const now = this.clock.now();
    await syncTargets(em, record.id, now);
    await this.returning.sync(em, record.id);
    // Also of what had left before it was called back, and commits now.
    if (rollout.phase === 'rolling_back') await insertReturns(em, record.id, upTo(rollout.wave), now);
    if (rollout.wave >= 0 && WATCHED.includes(rollout.phase)) await refreshHealth(em, record.id, rollout.wave, this.silentSince(now));
    const counts = (await readCounts(em, [{ id: record.id, waves: rollout.waves }])).get(record.id) ?? [];
    const returns = await this.returning.read(em, record.id);
    const facts: Facts = {
      nowMs: now.getTime(),
      counts,
      frozen: false,
      provenance: proof?.provenance ?? pins.provenance,
      artefact: proof?.artefact ?? 'as_pinned',
      sourceGroup: await this.sourceGroup(em, record),
      cohort: await this.cohort(em, record, now),
      preflight: { pending: 0, failed: 0 },
      sendingBack: sendingBackOf(returns, counts),
    };
    return { facts, counts, returns };
  }

  /** After a start of this manager every node looks silent until it is back. */
  private silentSince(now: Date): Date | null {
    const limitMs = this.config.offline_after_secs * 1000;
    return now.getTime() - this.bornAtMs < 2 * limitMs ? null : new Date(now.getTime() - limitMs);
  }

  private async sourceGroup(em: EntityManager, { rollout, pins }: RolloutRecord): Promise<Facts['sourceGroup']> {
    const { source_group: group } = rollout.strategy;
    if (group === null) return 'not_required';
    return (await hasSettledIn(em, group, pins.manifest_sha256)) ? 'settled' : 'missing';
  }

  private async cohort(em: EntityManager, { id, rollout }: RolloutRecord, now: Date): Promise<Facts['cohort']> {
    if (rollout.phase !== 'settling' || rollout.settleUntilMs === null) return 'too_few';
    const settlingMs = now.getTime() - (rollout.settleUntilMs - rollout.strategy.settle_secs * 1000);
    const { upgraded, control } = await readCohorts(em, id, Math.max(0, settlingMs) / 3_600_000);
    return compareCohorts(upgraded, control);
  }
}

const upTo = (wave: number): number[] => Array.from({ length: wave + 1 }, (_, index) => index);
