import { Inject, Injectable } from '@nestjs/common';
import type { RolloutView } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may } from '@tidegate/domain-access';
import { hasEnded, type RolloutAct } from '@tidegate/domain-rollout';
import type { EntityManager } from 'typeorm';
import type { SignedIn } from '../auth/index.ts';
import { Bus, CLOCK, type Clock } from '../platform/index.ts';
import { UpgradeWaves, type Wave } from '../upgrades/index.ts';
import * as records from './persistence/rollout-records.ts';
import * as targets from './persistence/target-records.ts';
import { isGood, Provenance, type Proof } from './provenance.ts';
import { RolloutJournal, type Author } from './rollout-journal.ts';
import { RolloutPass } from './rollout-pass.ts';
import { RolloutReader } from './rollout-reader.ts';
import type { RolloutRecord } from './rollout-record.ts';

type OfferedAct = Exclude<RolloutAct, 'supersede'>;
/** What a rollout does by itself, too, is recorded where it happens. */
const RECORDED: Readonly<Partial<Record<OfferedAct, string>>> = {
  resume: 'group.upgrade.resumed',
  retry: 'group.upgrade.retried',
  approve: 'group.upgrade.approved',
  promote: 'group.upgrade.promoted',
  abort: 'group.upgrade.aborted',
  roll_back_wave: 'group.upgrade.rolled_back',
};

/** What people do with a rollout. Each in one transaction that holds its row: after a pause nothing is begun any more. */
@Injectable()
export class RolloutActs {
  constructor(
    private readonly waves: UpgradeWaves,
    private readonly pass: RolloutPass,
    private readonly journal: RolloutJournal,
    private readonly reader: RolloutReader,
    private readonly provenance: Provenance,
    private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @throws CodedError rollout_not_found, forbidden, rollout_state_conflict, rollout_second_person_required, rollout_no_evidence,
   *   rollout_approval_required; upgrade_provenance_mismatch for a wave that would be opened with a release that changed
   */
  async perform(caller: SignedIn, id: string, what: OfferedAct): Promise<RolloutView> {
    const seen = await this.manageable(caller, id);
    const proof = what === 'promote' ? await this.proven(seen) : null;
    await this.waves.run(async (em, wave) => {
      const record = await records.lockRollout(em, id);
      if (!record) throw new CodedError('rollout_not_found');
      if (what === 'roll_back') await this.refuseBesideAnother(em, record);
      const asked = { what, userId: caller.principal.userId, author: authorOf(caller), proof };
      await this.pass.act(em, wave, record, asked);
      const action = RECORDED[what];
      if (action) await this.journal.record(em, record, action, authorOf(caller), { wave: record.rollout.wave });
    });
    this.bus.publish('rollout', [id]);
    return await this.reader.read(caller, id);
  }

  /**
   * A node that is at work or has committed stays. One whose failure was acknowledged takes its acknowledgement with it.
   * @throws CodedError rollout_not_found, forbidden, node_not_found for one that the rollout has not selected, rollout_state_conflict
   */
  async skip(caller: SignedIn, id: string, nodeId: string): Promise<RolloutView> {
    await this.manageable(caller, id);
    await this.waves.run(async (em, wave) => {
      const record = await records.lockRollout(em, id);
      if (!record || hasEnded(record.rollout.phase))
        throw new CodedError('rollout_state_conflict', { phase: record?.rollout.phase ?? null });
      await targets.syncTargets(em, id, this.clock.now());
      const was = await this.leaveOut(em, wave, record, nodeId);
      await this.journal.record(em, record, 'group.upgrade.skipped', authorOf(caller), { node_id: nodeId, was });
    });
    this.bus.publish('rollout', [id]);
    return await this.reader.read(caller, id);
  }

  private async leaveOut(em: EntityManager, wave: Wave, record: RolloutRecord, nodeId: string): Promise<string> {
    const now = this.clock.now();
    const target = await targets.lockTarget(em, record.id, nodeId);
    if (!target) throw new CodedError('node_not_found');
    const isHeld = target.state === 'due' && (await wave.withdraw(target.upgradeId ? [target.upgradeId] : [])).length === 0;
    if (isHeld || target.state === 'in_progress' || target.state === 'committed' || target.state === 'removed')
      throw new CodedError('rollout_state_conflict', { node_state: target.state });
    await targets.settleTargets(em, record.id, [{ nodeId, state: 'skipped', code: null }], now);
    const hadFailed = target.state === 'failed' || target.state === 'rolled_back';
    const acknowledged = record.rollout.acknowledged.map((count, index) =>
      hadFailed && index === target.wave ? Math.max(0, count - 1) : count,
    );
    await records.saveRollout(em, { record: { ...record, rollout: { ...record.rollout, acknowledged } }, nextAt: now });
    return target.state;
  }

  /** Within the transaction that begins another one in its place. */
  async supersede(em: EntityManager, wave: Wave, record: RolloutRecord, caller: SignedIn, by: string): Promise<void> {
    const author = authorOf(caller);
    await this.pass.act(em, wave, record, { what: 'supersede', userId: caller.principal.userId, author, proof: null });
    await this.journal.record(em, record, 'group.upgrade.superseded', author, { by });
  }

  /** One that has ended can still be sent back, as long as nothing newer is at work on the same nodes. */
  private async refuseBesideAnother(em: EntityManager, { id, groupId, deviceType }: RolloutRecord): Promise<void> {
    const active = await records.lockActive(em, groupId, deviceType);
    if (active && active.id !== id) throw new CodedError('rollout_active', { rollout_id: active.id });
  }

  private async manageable(caller: SignedIn, id: string): Promise<RolloutRecord> {
    const { record } = await this.reader.visible(caller, id);
    if (!may(caller.principal, 'rollout.manage', record)) throw new CodedError('forbidden');
    return record;
  }

  private async proven(record: RolloutRecord): Promise<Proof> {
    const proof = await this.provenance.prove(record);
    if (!isGood(proof)) throw new CodedError('upgrade_provenance_mismatch', { ...proof });
    return proof;
  }
}

export const authorOf = (caller: SignedIn): Author => ({ actor: caller.actor, address: caller.address });
