import { Injectable } from '@nestjs/common';
import { exclusionOf, type Effect } from '@tidegate/domain-rollout';
import type { TargetState } from '@tidegate/contract-api';
import type { EntityManager } from 'typeorm';
import type { Wave, WaveAnswer } from '../upgrades/index.ts';
import { insertReturns } from './persistence/return-records.ts';
import { readJoiners } from './persistence/candidate-records.ts';
import * as targets from './persistence/target-records.ts';
import type { RolloutRecord } from './rollout-record.ts';

/** Nodes whose sessions are locked in one transaction. */
const AT_ONCE = 1000;
type Refusal = Extract<WaveAnswer, { outcome: 'refused' }>;

/** Does what was decided, in the transaction of the decision: what is not committed was not done, and what was done is not done twice. */
@Injectable()
export class RolloutEffects {
  /** @returns whether there is more to do at once. */
  async apply(em: EntityManager, wave: Wave, record: RolloutRecord, effects: readonly Effect[], now: Date): Promise<boolean> {
    let isMore = false;
    for (const effect of effects) isMore = (await this.applyOne(em, wave, record, effect, now)) || isMore;
    return isMore;
  }

  private async applyOne(em: EntityManager, wave: Wave, record: RolloutRecord, effect: Effect, now: Date): Promise<boolean> {
    switch (effect.kind) {
      case 'send':
        return await this.send(em, wave, record, effect, now);
      case 'catch_up':
        return await this.catchUp(em, record, effect.upToWave, now);
      case 'reset_failed':
        await targets.resetFailed(em, record.id, now);
        return false;
      case 'withdraw':
        await this.withdraw(em, wave, record.id, now);
        return false;
      case 'send_back':
        await insertReturns(em, record.id, effect.waves, now);
        return false;
      case 'preflight':
        // A strategy that asks for it is refused before anything is stored.
        throw new Error(`a rollout cannot ${effect.kind}`);
    }
  }

  /** What has left for a node cannot be called back; what has not waits again. */
  async withdraw(em: EntityManager, wave: Wave, rolloutId: string, now: Date): Promise<void> {
    const due = await targets.lockDueUpgrades(em, rolloutId);
    await targets.takeBack(em, rolloutId, await wave.withdraw(due), now);
  }

  private async catchUp(em: EntityManager, record: RolloutRecord, upToWave: number, now: Date): Promise<boolean> {
    await targets.reviveOffline(em, record.id, upToWave, now);
    const joiners = await readJoiners(em, record, now, AT_ONCE);
    const eligible = joiners.filter((node) => exclusionOf(record, node) === null).map(({ id }) => id);
    if (eligible.length > 0) await targets.insertJoiners(em, record.id, upToWave, eligible, now);
    return false;
  }

  private async send(
    em: EntityManager,
    wave: Wave,
    record: RolloutRecord,
    { upToWave, limit }: Extract<Effect, { kind: 'send' }>,
    now: Date,
  ): Promise<boolean> {
    const { strategy } = record.rollout;
    const atOnce = Math.min(limit ?? AT_ONCE, AT_ONCE);
    const asked = await targets.lockSendable(em, record.id, { upToWave, limit: atOnce, withOffline: strategy.offline !== 'wait' });
    const answers: WaveAnswer[] = [];
    for (const retrySkipped of [false, true]) {
      const nodeIds = asked.filter((target) => target.retrySkipped === retrySkipped).map(({ nodeId }) => nodeId);
      const order = {
        action: 'upgrade' as const,
        version: record.version,
        channel: record.channel,
        expectedManifestSha256: record.pins.manifest_sha256,
        retrySkipped,
        requestedBy: `rollout ${record.id}`,
        timeoutSecs: strategy.node_timeout_secs,
      };
      answers.push(...(await wave.begin(order, nodeIds)));
    }
    await this.store(em, record, answers, now);
    return asked.length === AT_ONCE;
  }

  private async store(em: EntityManager, record: RolloutRecord, answers: readonly WaveAnswer[], now: Date): Promise<void> {
    const begun = answers.filter((answer) => answer.outcome === 'begun');
    await targets.markBegun(em, record.id, begun, now);
    const already = answers.filter((answer) => answer.outcome === 'already').map(({ nodeId }) => nodeId);
    if (already.length > 0) await targets.settleAlready(em, record.id, already, record.pins.manifest_sha256, now);
    const settled = answers.flatMap((answer) => {
      const state = answer.outcome === 'refused' ? stateAfter(answer, record) : null;
      return answer.outcome === 'refused' && state ? [{ nodeId: answer.nodeId, state, code: answer.code }] : [];
    });
    await targets.settleTargets(em, record.id, settled, now);
  }
}

/** What the manager's own refusal makes of a target; null: it goes on waiting. */
function stateAfter({ code }: Refusal, { rollout }: RolloutRecord): TargetState | null {
  switch (code) {
    case 'upgrade_in_progress':
      return null;
    case 'node_offline':
      return { wait: null, skip: 'offline' as const, fail: 'failed' as const }[rollout.strategy.offline];
    case 'node_revoked':
    case 'node_not_found':
      return 'removed';
    // A person decided to keep it out of rollouts.
    case 'node_quarantined':
    case 'node_in_maintenance':
      return 'skipped';
    case 'upgrade_provenance_mismatch':
      return 'failed';
    default:
      return 'refused';
  }
}
