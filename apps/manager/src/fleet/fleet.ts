import { Inject, Injectable } from '@nestjs/common';
import type { countNodes, NodeCounts, NodeFacts, NodePage, NodeView } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may, reach } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { SignedIn } from '../auth/index.ts';
import { CLOCK, CONFIG, Database, decodeCursor, encodeCursor, type Clock, type ManagerConfig } from '../platform/index.ts';
import { findUpgrades } from '../upgrades/index.ts';
import { normsOf, type DeviceTypeNorm } from './device-type-norm.ts';
import { countsOf } from './node-counts.ts';
import { factsOf, viewOfNode } from './node-view.ts';
import { selectAttestedTrust } from './persistence/attested-trust.ts';
import { selectCounts } from './persistence/node-counts.ts';
import type { Moment, SilenceLimits } from './persistence/node-expressions.ts';
import { selectFacts } from './persistence/node-facts.ts';
import { selectPage, type NodeQuery } from './persistence/node-list.ts';
import { selectNodesById } from './persistence/node-rows.ts';

const cursorSchema = z.strictObject({ key: z.string().max(300), id: z.uuid(), total: z.int().min(0), capped: z.boolean() });
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

  /** @throws CodedError request_invalid for a cursor of another list */
  async list(caller: SignedIn, query: NodeQuery): Promise<NodePage> {
    const after = decodeCursor(cursorSchema, query.cursor);
    return await this.database.read(async (em) => {
      const moment = await this.moment(em);
      const listed = await selectPage(em, query, reach(caller.principal, 'node.read'), { moment, after });
      const { total, capped } = listed.counted ?? after ?? { total: 0, capped: false };
      const items = (await this.views(em, listed.ids, moment)).map((seen) => seen.view);
      const next = listed.next && encodeCursor({ ...listed.next, total, capped });
      return { items, next_cursor: next, total, total_capped: capped };
    });
  }

  async counts(caller: SignedIn, { by_label, ...filter }: z.output<typeof countNodes>): Promise<NodeCounts> {
    const byLabel = by_label ?? null;
    return await this.database.read(async (em) => {
      const moment = await this.moment(em);
      return countsOf(await selectCounts(em, filter, reach(caller.principal, 'node.read'), { moment, byLabel }), byLabel !== null);
    });
  }

  /** @throws CodedError node_not_found, also for a node of a group the caller may not see. */
  async read(caller: SignedIn, nodeId: string): Promise<NodeView> {
    const [seen] = await this.byId([nodeId]);
    if (!seen || !may(caller.principal, 'node.read', { groupId: seen.groupId, nodeId })) throw new CodedError('node_not_found');
    return seen.view;
  }

  /** @throws CodedError node_not_found */
  async facts(caller: SignedIn, nodeId: string): Promise<NodeFacts> {
    const row = await this.database.read((em) => selectFacts(em, nodeId));
    if (!row || !may(caller.principal, 'node.read', { groupId: row.group_id, nodeId })) throw new CodedError('node_not_found');
    return factsOf(row);
  }

  byId(ids: readonly string[]): Promise<SeenNode[]> {
    return this.database.read(async (em) => await this.views(em, ids, await this.moment(em)));
  }

  private async views(em: EntityManager, ids: readonly string[], moment: Moment): Promise<SeenNode[]> {
    const rows = await selectNodesById(em, ids, moment);
    const upgrades = await findUpgrades(
      em,
      rows.flatMap((row) => row.upgrade_id ?? []),
    );
    const byId = new Map(upgrades.map((upgrade) => [upgrade.id, upgrade]));
    return rows.map((row) => ({ view: viewOfNode(row, byId.get(row.upgrade_id ?? '')), groupId: row.group_id }));
  }

  private async moment(em: EntityManager): Promise<Moment> {
    const now = this.clock.now();
    if (!this.norms || Math.abs(now.getTime() - this.norms.readAtMs) >= NORMS_KEPT_MS)
      this.norms = { readAtMs: now.getTime(), byType: normsOf(await selectAttestedTrust(em)) };
    return { now, limits: this.limits, norms: this.norms.byType };
  }
}
