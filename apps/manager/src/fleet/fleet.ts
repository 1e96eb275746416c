import { Inject, Injectable } from '@nestjs/common';
import type { NodePage, NodeView } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may, reach } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { SignedIn } from '../auth/index.ts';
import { CLOCK, CONFIG, Database, decodeCursor, encodeCursor, type Clock, type ManagerConfig } from '../platform/index.ts';
import { findUpgrades } from '../upgrades/index.ts';
import { normsOf, type DeviceTypeNorm } from './device-type-norm.ts';
import { viewOfNode, type SilenceLimits } from './node-view.ts';
import { selectAttestedTrust } from './persistence/attested-trust.ts';
import { selectNodes, selectNodesById, type NodeQuery, type NodeRow } from './persistence/node-list.ts';

const cursorSchema = z.strictObject({ key: z.string().max(300), id: z.uuid() });
/** A flag may be this late; reading every beat for each page may not. */
const NORMS_KEPT_MS = 5000;

export interface SeenNode {
  readonly view: NodeView;
  readonly groupId: string;
}

/** The read side: nodes with their beats and newest upgrades, as pages and programs see them. */
@Injectable()
export class Fleet {
  readonly limits: SilenceLimits;
  private norms: { readonly readAtMs: number; readonly byType: ReadonlyMap<string, DeviceTypeNorm> } | undefined;

  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) config: ManagerConfig,
  ) {
    this.limits = { staleAfterMs: config.stale_after_secs * 1000, offlineAfterMs: config.offline_after_secs * 1000 };
  }

  async list(caller: SignedIn, query: NodeQuery): Promise<NodePage> {
    const onlineSince = new Date(this.clock.now().getTime() - this.limits.offlineAfterMs);
    const scope = { reach: reach(caller.principal, 'node.read'), onlineSince };
    return await this.database.read(async (em) => {
      const { rows, total } = await selectNodes(em, query, scope, decodeCursor(cursorSchema, query.cursor));
      const page = rows.slice(0, query.limit);
      const last = page.at(-1);
      const next = rows.length > query.limit && last ? encodeCursor({ key: last.sort_key, id: last.id }) : null;
      return { items: (await this.views(em, page)).map((seen) => seen.view), next_cursor: next, total };
    });
  }

  /** @throws CodedError node_not_found, also for a node of a group the caller may not see. */
  async read(caller: SignedIn, nodeId: string): Promise<NodeView> {
    const [seen] = await this.byId([nodeId]);
    if (!seen || !may(caller.principal, 'node.read', { groupId: seen.groupId, nodeId })) throw new CodedError('node_not_found');
    return seen.view;
  }

  byId(ids: readonly string[]): Promise<SeenNode[]> {
    return this.database.read(async (em) => await this.views(em, await selectNodesById(em, ids)));
  }

  private async views(em: EntityManager, rows: readonly NodeRow[]): Promise<SeenNode[]> {
    const upgrades = await findUpgrades(
      em,
      rows.flatMap((row) => row.upgrade_id ?? []),
    );
    const byId = new Map(upgrades.map((upgrade) => [upgrade.id, upgrade]));
    const now = this.clock.now();
    const norms = await this.readNorms(em, now.getTime());
    return rows.map((row) => {
      const context = { now, limits: this.limits, norm: norms.get(row.device_type) };
      return { view: viewOfNode(row, byId.get(row.upgrade_id ?? ''), context), groupId: row.group_id };
    });
  }

  private async readNorms(em: EntityManager, nowMs: number): Promise<ReadonlyMap<string, DeviceTypeNorm>> {
    if (!this.norms || Math.abs(nowMs - this.norms.readAtMs) >= NORMS_KEPT_MS)
      this.norms = { readAtMs: nowMs, byType: normsOf(await selectAttestedTrust(em)) };
    return this.norms.byType;
  }
}
