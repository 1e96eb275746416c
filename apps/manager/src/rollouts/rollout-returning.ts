import { Inject, Injectable } from '@nestjs/common';
import type { RolloutCounts, RolloutReturns } from '@tidegate/contract-api';
import type { Facts } from '@tidegate/domain-rollout';
import type { EntityManager } from 'typeorm';
import { CLOCK, type Clock } from '../platform/index.ts';
import type { Wave, WaveAnswer } from '../upgrades/index.ts';
import { lockReturnable, markReturns, readReturns, syncReturns, type Told } from './persistence/return-records.ts';
import type { RolloutRecord } from './rollout-record.ts';

const AT_ONCE = 1000;

/** Sends nodes of a rollout back to the version they had, the last wave first, as many at a time as may be at work. */
@Injectable()
export class RolloutReturning {
  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** Null for a rollout that sent nobody back. */
  async read(em: EntityManager, rolloutId: string): Promise<RolloutReturns | null> {
    return (await readReturns(em, [rolloutId])).get(rolloutId) ?? null;
  }

  async sync(em: EntityManager, rolloutId: string): Promise<void> {
    await syncReturns(em, rolloutId, this.clock.now());
  }

  /** After whatever else a look did: rows of the rollout are locked before a wave begins. */
  async drive(em: EntityManager, wave: Wave, record: RolloutRecord): Promise<void> {
    const { id, rollout } = record;
    const open = await this.read(em, id);
    if (!open || open.pending === 0) return;
    const { max_in_flight: most, node_timeout_secs: timeoutSecs } = rollout.strategy;
    const limit = Math.min(AT_ONCE, most === null ? AT_ONCE : most - open.in_progress);
    if (limit <= 0) return;
    const answers = await wave.begin(
      { action: 'return', requestedBy: `rollout ${id}`, timeoutSecs },
      await lockReturnable(em, record, limit),
    );
    await markReturns(em, id, answers.map(toldOf), this.clock.now());
  }
}

function toldOf(answer: WaveAnswer): Told {
  const { nodeId } = answer;
  if (answer.outcome === 'begun') return { nodeId, state: 'in_progress', upgradeId: answer.upgradeId, code: null };
  if (answer.outcome === 'already') return { nodeId, state: 'skipped', upgradeId: null, code: null };
  const { code } = answer;
  const state = code === 'upgrade_in_progress' ? 'pending' : code === 'node_offline' ? 'offline' : 'refused';
  return { nodeId, state, upgradeId: null, code };
}

export const isReturning = (returns: RolloutReturns | null): boolean => returns !== null && returns.pending + returns.in_progress > 0;

/** @returns `given_up` when some are not back: failed, refused, or not there to be told. */
export function sendingBackOf(returns: RolloutReturns | null, counts: readonly RolloutCounts[]): Facts['sendingBack'] {
  // What had left when the rollout was called back may still commit, and has to go back then, too.
  if (isReturning(returns) || (returns && counts.some((wave) => wave.in_flight > 0))) return 'running';
  const isOpen = counts.some((wave) => wave.in_flight > 0 || wave.committed > 0);
  if (!returns) return isOpen ? 'none' : 'completed';
  return returns.failed > 0 ? 'given_up' : 'completed';
}
