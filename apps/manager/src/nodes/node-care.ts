import { Injectable } from '@nestjs/common';
import type { replaceLabels, startMaintenance, updateNode } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import type { z } from 'zod';
import type { SignedIn } from '../auth/index.ts';
import { NodeActs } from './node-acts.ts';
import { changeNode, type NodeLife } from './persistence/node-life-records.ts';

const MAX_LABELS = 32;

/** What people write on a node: its name, its labels, that it is being worked on. The node knows nothing of it. */
@Injectable()
export class NodeCare {
  constructor(private readonly acts: NodeActs) {}

  /** @throws CodedError node_not_found, forbidden, revision_stale, request_invalid (more labels than a node may have) */
  async update(caller: SignedIn, nodeId: string, revision: number, body: z.output<typeof updateNode>): Promise<void> {
    await this.write(caller, nodeId, revision, (node) => {
      const merged = Object.entries({ ...node.labels, ...body.labels }).filter((entry): entry is [string, string] => entry[1] !== null);
      if (merged.length > MAX_LABELS) throw new CodedError('request_invalid', { fields: ['labels: too_big'] });
      const displayName = body.display_name === undefined ? node.displayName : body.display_name;
      return { displayName, labels: Object.fromEntries(merged) };
    });
  }

  /** @throws CodedError node_not_found, forbidden, revision_stale */
  async replaceLabels(caller: SignedIn, nodeId: string, revision: number, { labels }: z.output<typeof replaceLabels>): Promise<void> {
    await this.write(caller, nodeId, revision, ({ displayName }) => ({ displayName, labels }));
  }

  private async write(
    caller: SignedIn,
    nodeId: string,
    revision: number,
    next: (node: NodeLife) => Pick<NodeLife, 'displayName' | 'labels'>,
  ): Promise<void> {
    await this.acts.perform(caller, nodeId, 'node.label', async (em, node) => {
      if (node.revision !== revision) throw new CodedError('revision_stale', { revision: node.revision });
      const { displayName, labels } = next(node);
      await changeNode(em, nodeId, { display_name: displayName, labels });
      const before = { display_name: node.displayName, labels: node.labels };
      return { name: 'node.update', details: { before, after: { display_name: displayName, labels } } };
    });
  }

  /** Again on a node in maintenance: reason and end are replaced, the beginning stays. @throws CodedError node_not_found, forbidden */
  async startMaintenance(caller: SignedIn, nodeId: string, body: z.output<typeof startMaintenance>): Promise<void> {
    await this.acts.perform(caller, nodeId, 'node.maintenance', async (em, node, now) => {
      const until = body.until === undefined ? null : new Date(body.until);
      if (until && until <= now) throw new CodedError('request_invalid', { fields: ['until: in_the_past'] });
      const end = node.maintenance?.until;
      const over = typeof end === 'string' && new Date(end) <= now;
      const since = node.maintenance && !over ? node.maintenance.since : now;
      await changeNode(em, nodeId, {
        maintenance_reason: body.reason,
        maintenance_since: since,
        maintenance_until: until,
        maintenance_by: caller.actor,
      });
      return { name: 'node.maintenance.start', details: { reason: body.reason, until: body.until ?? null, before: node.maintenance } };
    });
  }

  /** @throws CodedError node_not_found, forbidden */
  async endMaintenance(caller: SignedIn, nodeId: string): Promise<void> {
    await this.acts.perform(caller, nodeId, 'node.maintenance', async (em, node) => {
      if (!node.maintenance) return null;
      await changeNode(em, nodeId, { maintenance_reason: null, maintenance_since: null, maintenance_until: null, maintenance_by: null });
      return { name: 'node.maintenance.end', details: { before: node.maintenance } };
    });
  }
}
