import { Inject, Injectable } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import type { Action } from '@tidegate/contract-api';
import { may } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import { AuditTrail } from '../audit/index.ts';
import type { SignedIn } from '../auth/index.ts';
import { Bus, ChangeFeed, CLOCK, Database, type Clock } from '../platform/index.ts';
import { lockNodeLife, lockSession, type NodeLife } from './persistence/node-life-records.ts';

/** What an act leaves in the audit trail. */
export interface ActRecord {
  /** Of the audit trail, e.g. `node.revoke`. */
  readonly name: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export type NodeAct = (em: EntityManager, node: NodeLife, now: Date) => Promise<ActRecord | null>;

/** What all acts on one node have in common: who may, the locked row, the record of it, and telling everybody after the commit. */
@Injectable()
export class NodeActs {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly changes: ChangeFeed,
    private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @param act returns null when there was nothing to do; then nothing is recorded.
   * @throws CodedError node_not_found (also for a foreign or removed node), forbidden, and what the act throws
   */
  async perform(caller: SignedIn, nodeId: string, action: Action, act: NodeAct): Promise<void> {
    const record = await this.database.transaction(async (em) => {
      // Before its node, as everybody does who wants both: a wave of upgrades holds many sessions while it changes their nodes.
      await lockSession(em, nodeId);
      const node = await lockNodeLife(em, nodeId);
      if (!node || !may(caller.principal, 'node.read', { groupId: node.groupId, nodeId })) throw new CodedError('node_not_found');
      if (!may(caller.principal, action, { groupId: node.groupId, nodeId })) throw new CodedError('forbidden');
      const done = await act(em, node, this.clock.now());
      if (done) {
        const { name, details } = done;
        await this.audit.append(em, {
          actor: caller.actor,
          action: name,
          target: { kind: 'node', id: nodeId },
          address: caller.address,
          details,
        });
      }
      return done;
    });
    if (!record) return;
    this.changes.emit('node', nodeId);
    this.bus.publish('standing', [nodeId]);
  }
}
