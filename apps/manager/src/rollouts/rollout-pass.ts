import { Inject, Injectable } from '@nestjs/common';
import { act, hasEnded, step, type Rollout, type RolloutAct, type Step } from '@tidegate/domain-rollout';

import { CodedError } from '@tidegate/contract-errors';
import type { EntityManager } from 'typeorm';
import { CLOCK, type Clock } from '../platform/index.ts';
import type { Wave } from '../upgrades/index.ts';
import { beginComparison } from './persistence/health-records.ts';
import { saveRollout } from './persistence/rollout-records.ts';
import type { Proof } from './provenance.ts';
import { RolloutEffects } from './rollout-effects.ts';
import { RolloutFacts, type Seen } from './rollout-facts.ts';
import { RolloutJournal, SYSTEM, type Author } from './rollout-journal.ts';
import type { RolloutRecord } from './rollout-record.ts';
import { isReturning, RolloutReturning } from './rollout-returning.ts';

const POLL_MS = 1000;
/** Where only the clock or a person moves it on, and whoever acts wakes it. */
const SLOW_POLL_MS = 5000;
const CLOSELY: readonly Rollout['phase'][] = ['dispatching', 'settling', 'rolling_back'];

/** One look at one rollout whose row is locked: what is seen, what follows, and what is stored, all in one transaction. */
@Injectable()
export class RolloutPass {
  constructor(
    private readonly facts: RolloutFacts,
    private readonly effects: RolloutEffects,
    private readonly returning: RolloutReturning,
    private readonly journal: RolloutJournal,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Step by step until it waits for something: nobody ever reads a rollout between two steps.
   * @param proof holds for one wave.
   * @returns `prove`: the next wave would be opened, and the release has to prove itself before.
   */
  async look(em: EntityManager, wave: Wave, record: RolloutRecord, proof: Proof | null): Promise<'prove' | 'decided'> {
    let [current, proven] = [record, proof];
    for (;;) {
      const seen = await this.facts.read(em, current, proven);
      const { facts } = seen;
      const decided = step(current.rollout, facts);
      const opensWave = decided.next.wave > current.rollout.wave;
      if (opensWave && !proven) return 'prove';
      if (opensWave) proven = null;
      current = await this.store(em, wave, current, decided, seen, SYSTEM);
      if (decided.lookAgainMs !== null && decided.lookAgainMs <= facts.nowMs) continue;
      await this.returning.drive(em, wave, current);
      return 'decided';
    }
  }

  /** What a person asks for. @throws CodedError rollout_state_conflict and what else `act` refuses with */
  async act(
    em: EntityManager,
    wave: Wave,
    record: RolloutRecord,
    asked: { readonly what: RolloutAct; readonly userId: string; readonly author: Author; readonly proof: Proof | null },
  ): Promise<void> {
    const seen = await this.facts.read(em, record, asked.proof);
    // Forward and back at once would never end.
    const isGoingBack = isReturning(seen.returns) && (asked.what === 'resume' || asked.what === 'retry');
    if (isGoingBack) throw new CodedError('rollout_state_conflict', { phase: record.rollout.phase, returning: true });
    const result = act(record.rollout, asked.what, seen.facts, asked.userId);
    if (!result.ok) throw new CodedError(result.code, { phase: record.rollout.phase, reason: record.rollout.reason });
    const acted = await this.store(em, wave, record, result.step, seen, asked.author);
    // What it waits for from now on is said at once, and not a poll later.
    await this.look(em, wave, acted, null);
  }

  private async store(
    em: EntityManager,
    wave: Wave,
    before: RolloutRecord,
    { next, effects, waitsFor, lookAgainMs }: Step,
    { counts, returns }: Seen,
    author: Author,
  ): Promise<RolloutRecord> {
    const now = this.clock.now();
    const isMore = await this.effects.apply(em, wave, before, effects, now);
    if (next.phase === 'settling' && before.rollout.phase !== 'settling') await beginComparison(em, before.id);
    const hasMoved = next.phase !== before.rollout.phase || next.wave !== before.rollout.wave || next.reason !== before.rollout.reason;
    const record: RolloutRecord = {
      ...before,
      rollout: next,
      waitsFor,
      changedAt: hasMoved ? now : before.changedAt,
      endedAt: hasEnded(next.phase) ? (before.endedAt ?? now) : null,
      lookAt: lookAgainMs === null || lookAgainMs <= now.getTime() ? null : new Date(lookAgainMs),
    };
    await this.journal.transition(em, before, record, counts, author);
    const atOnce = isMore || (lookAgainMs !== null && lookAgainMs <= now.getTime());
    await saveRollout(em, { record, nextAt: atOnce ? now : nextLook(record, { counts, returns }, now) });
    return record;
  }
}

/** What is on its way is followed to its end, whatever became of the rollout. */
function nextLook({ rollout, lookAt }: RolloutRecord, { counts, returns }: Pick<Seen, 'counts' | 'returns'>, now: Date): Date | null {
  const after = (ms: number): Date => new Date(now.getTime() + ms);
  const isUnderWay = isReturning(returns) || counts.some((wave) => wave.in_flight > 0);
  if (isUnderWay || CLOSELY.includes(rollout.phase)) return after(POLL_MS);
  const isAtRest = rollout.phase === 'paused' || (hasEnded(rollout.phase) && rollout.catchUpUntilMs === null);
  if (isAtRest) return null;
  const slow = after(SLOW_POLL_MS);
  return lookAt !== null && lookAt < slow ? lookAt : slow;
}
