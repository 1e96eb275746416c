import { Injectable } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import { may } from '@tidegate/domain-access';
import type { SignedIn } from '../auth/index.ts';
import { EventLog } from '../event-log/index.ts';
import { NodeActs } from './node-acts.ts';
import { changeNode, endSessions, forgetFormerRuns, removeNode } from './persistence/node-life-records.ts';
import { findGroupByName } from './persistence/token-records.ts';

/** Whether a node belongs to the fleet, and to which group. Each act is an event too: a SIEM wants to know. */
@Injectable()
export class NodeStandings {
  constructor(
    private readonly acts: NodeActs,
    private readonly events: EventLog,
  ) {}

  /**
   * Running upgrades and rollouts that selected it go on. The node is told to connect anew, so that what it reports from then on
   * belongs to its new group.
   * @throws CodedError node_not_found; forbidden, also for a group that does not exist or in which the caller is no admin
   */
  async move(caller: SignedIn, nodeId: string, group: string): Promise<void> {
    await this.acts.perform(caller, nodeId, 'node.move', async (em, node) => {
      const groupId = await findGroupByName(em, group);
      if (!groupId || !may(caller.principal, 'node.move', { groupId })) throw new CodedError('forbidden');
      if (groupId === node.groupId) return null;
      await changeNode(em, nodeId, { group_id: groupId });
      await this.events.record(em, { name: 'node_moved', nodeId, groupId, details: { from: node.group, to: group } });
      return { name: 'node.move', details: { before: { group: node.group }, after: { group } } };
    });
  }

  /** @throws CodedError node_not_found, forbidden */
  async revoke(caller: SignedIn, nodeId: string, reason: string): Promise<void> {
    await this.acts.perform(caller, nodeId, 'node.revoke', async (em, node, now) => {
      if (node.revokedAt) return null;
      await changeNode(em, nodeId, {
        revoked_at: now,
        next_public_key: null,
        key_rotation_id: null,
        key_rotation_state: null,
        key_rotation_error: null,
      });
      await endSessions(em, nodeId, now);
      await this.events.record(em, { name: 'node_revoked', nodeId, groupId: node.groupId, details: { reason } });
      return { name: 'node.revoke', details: { reason, public_key: node.publicKey } };
    });
  }

  /** Lifts the quarantine. @throws CodedError node_not_found, forbidden */
  async release(caller: SignedIn, nodeId: string, reason: string): Promise<void> {
    await this.acts.perform(caller, nodeId, 'node.release', async (em, node) => {
      if (!node.quarantinedAt) return null;
      await changeNode(em, nodeId, { quarantined_at: null, quarantine_details: null });
      // Which of the two machines stays is known now: its return must not count as taking turns.
      await forgetFormerRuns(em, nodeId);
      await this.events.record(em, { name: 'node_clone_released', nodeId, groupId: node.groupId, details: { reason } });
      return { name: 'node.release', details: { reason } };
    });
  }

  /** Decommissions a node. @throws CodedError node_not_found, forbidden */
  async remove(caller: SignedIn, nodeId: string): Promise<void> {
    await this.acts.perform(caller, nodeId, 'node.remove', async (em, node, now) => {
      await removeNode(em, nodeId, now);
      await this.events.record(em, {
        name: 'node_removed',
        nodeId,
        groupId: node.groupId,
        details: { name: node.displayName ?? node.name },
      });
      return { name: 'node.remove', details: { name: node.name, group: node.group, public_key: node.publicKey } };
    });
  }
}
