import { Injectable } from '@nestjs/common';
import type { RolloutCounts } from '@tidegate/contract-api';
import { failuresOf } from '@tidegate/domain-rollout';
import type { EntityManager } from 'typeorm';
import { AuditTrail } from '../audit/index.ts';
import { EventLog } from '../event-log/index.ts';
import { insertTransition } from './persistence/rollout-records.ts';
import type { RolloutRecord } from './rollout-record.ts';

export interface Author {
  /** As in the audit trail. */
  readonly actor: string;
  readonly address?: string;
}
export const SYSTEM: Author = { actor: 'system' };

/** Every transition leaves its reason, actor and time: in the rollout's own list, in the audit trail and among the events. */
@Injectable()
export class RolloutJournal {
  constructor(
    private readonly audit: AuditTrail,
    private readonly events: EventLog,
  ) {}

  /** @param counts before the transition; a transition that changes nothing leaves nothing. */
  async transition(
    em: EntityManager,
    before: RolloutRecord,
    after: RolloutRecord,
    counts: readonly RolloutCounts[],
    author: Author,
  ): Promise<void> {
    const [from, to] = [before.rollout, after.rollout];
    if (from.phase === to.phase && from.reason === to.reason && from.wave === to.wave) return;
    const { reason, wave, phase } = to;
    await insertTransition(em, {
      rolloutId: after.id,
      from: from.phase,
      to: phase,
      reason,
      wave,
      actor: author.actor,
      at: after.changedAt,
    });
    if (from.phase === phase) return;
    const failures = counts.reduce((sum, one) => sum + failuresOf(one), 0);
    const about = { rollout_id: after.id, version: after.version };
    if (phase === 'paused') {
      await this.record(em, after, 'group.upgrade.paused', author, { failure_count: failures, reason, wave });
      await this.events.record(em, { name: 'rollout_paused', groupId: after.groupId, details: { ...about, reason, wave, failures } });
    }
    if (phase === 'rolling_back') await this.record(em, after, 'group.upgrade.rolled_back', author, { reason, wave });
    if (phase === 'completed') {
      const completed = counts.reduce((sum, one) => sum + one.committed, 0);
      await this.record(em, after, 'group.upgrade.complete', author, { completed_count: completed });
      await this.events.record(em, { name: 'rollout_completed', groupId: after.groupId, details: { ...about, completed } });
    }
  }

  async begun(em: EntityManager, record: RolloutRecord, nodeCount: number, author: Author): Promise<void> {
    const { phase, reason, wave, strategy } = record.rollout;
    await insertTransition(em, { rolloutId: record.id, from: null, to: phase, reason, wave, actor: author.actor, at: record.createdAt });
    const { channel } = record;
    await this.record(em, record, 'group.upgrade.schedule', author, { channel, strategy, node_count: nodeCount, pins: record.pins });
    const details = { rollout_id: record.id, version: record.version, channel, nodes: nodeCount };
    await this.events.record(em, { name: 'rollout_started', groupId: record.groupId, details });
  }

  /** @param action of the audit trail, `group.upgrade.…` */
  async record(
    em: EntityManager,
    { id, groupId, version, deviceType }: RolloutRecord,
    action: string,
    author: Author,
    details: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    await this.audit.append(em, {
      actor: author.actor,
      address: author.address,
      action,
      target: { kind: 'group', id: groupId },
      details: { rollout_id: id, version, device_type: deviceType, ...details },
    });
  }
}
