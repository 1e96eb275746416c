import { Injectable } from '@nestjs/common';
import type {
  ListRollouts,
  ListTargets,
  RolloutExplanation,
  RolloutPage,
  RolloutView,
  TargetPage,
  TargetState,
} from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may, type Principal } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { SignedIn } from '../auth/index.ts';
import { Database, decodeCursor, encodeCursor } from '../platform/index.ts';
import { actsOpenTo, sentenceOf } from './explanation.ts';
import * as records from './persistence/rollout-records.ts';
import { readReturns } from './persistence/return-records.ts';
import { listTargets } from './persistence/target-records.ts';
import { viewOfRollout } from './rollout-view.ts';

const position = z.strictObject({ at: z.iso.datetime(), id: z.uuid() });
const place = z.strictObject({ wave: z.int(), position: z.int(), id: z.uuid() });
const NODES_NAMED = 20;
const TRANSITIONS_NAMED = 100;

/** What a rollout in this phase waits for, or what stopped it. */
const TELLING: Readonly<Partial<Record<RolloutView['phase'], readonly TargetState[]>>> = {
  dispatching: ['pending', 'due', 'in_progress'],
  paused: ['failed', 'rolled_back', 'refused', 'offline'],
};

/** Rollouts as people see them. */
@Injectable()
export class RolloutReader {
  constructor(private readonly database: Database) {}

  /** @throws CodedError rollout_not_found, also for one of a group that the caller may not see */
  async visible(caller: SignedIn, id: string): Promise<records.ShownRollout> {
    const found = await this.database.read((em) => records.findRollout(em, id));
    if (!found || !may(caller.principal, 'rollout.read', found.record)) throw new CodedError('rollout_not_found');
    return found;
  }

  /** @throws CodedError rollout_not_found */
  async read(caller: SignedIn, id: string): Promise<RolloutView> {
    const found = await this.visible(caller, id);
    return await this.database.read((em) => this.view(em, found));
  }

  /** Newest first. @throws CodedError request_invalid for a cursor of another list */
  async list({ principal }: SignedIn, { limit, cursor, ...filter }: ListRollouts): Promise<RolloutPage> {
    const after = decodeCursor(position, cursor);
    return await this.database.read(async (em) => {
      const found = await records.listRollouts(em, filter, visibleGroups(principal), { after, limit: limit + 1 });
      const items = found.slice(0, limit);
      const last = found.length > limit ? items.at(-1)?.record : undefined;
      const counts = await records.readCounts(
        em,
        items.map(({ record }) => ({ id: record.id, waves: record.rollout.waves })),
      );
      const returns = await readReturns(em, [...counts.keys()]);
      return {
        items: items.map((shown) => viewOfRollout(shown, counts.get(shown.record.id) ?? [], returns.get(shown.record.id) ?? null)),
        next_cursor: last ? encodeCursor({ at: last.createdAt.toISOString(), id: last.id }) : null,
      };
    });
  }

  /** In the order of the plan. @throws CodedError rollout_not_found; request_invalid for a cursor of another list */
  async targets(caller: SignedIn, id: string, { limit, cursor, wave, state }: ListTargets): Promise<TargetPage> {
    const { record } = await this.visible(caller, id);
    const after = decodeCursor(place, cursor);
    const filter = { wave, states: state && [state] };
    const nodeIds = visibleNodes(caller.principal, record.groupId);
    const found = await this.database.read((em) => listTargets(em, id, filter, nodeIds, { after, limit: limit + 1 }));
    const items = found.slice(0, limit);
    const last = found.length > limit ? items.at(-1) : undefined;
    return {
      items: items.map(({ view }) => view),
      next_cursor: last ? encodeCursor({ wave: last.view.wave, position: last.position, id: last.view.node_id }) : null,
    };
  }

  /** @throws CodedError rollout_not_found */
  async explain(caller: SignedIn, id: string): Promise<RolloutExplanation> {
    const found = await this.visible(caller, id);
    const { record } = found;
    return await this.database.read(async (em) => {
      const view = await this.view(em, found);
      const states = TELLING[view.phase];
      const named = states && { after: null, limit: NODES_NAMED };
      const nodes = named ? await listTargets(em, id, { states }, visibleNodes(caller.principal, record.groupId), named) : [];
      const mayManage = may(caller.principal, 'rollout.manage', record);
      return {
        rollout: view,
        sentence: sentenceOf(view),
        until: record.lookAt?.toISOString() ?? null,
        acts: mayManage ? actsOpenTo(caller.principal.userId, record.rollout, view.waves) : [],
        nodes: nodes.map((target) => target.view),
        transitions: await records.readTransitions(em, id, TRANSITIONS_NAMED),
      };
    });
  }

  private async view(em: EntityManager, shown: records.ShownRollout): Promise<RolloutView> {
    const { id, rollout } = shown.record;
    const counts = await records.readCounts(em, [{ id, waves: rollout.waves }]);
    return viewOfRollout(shown, counts.get(id) ?? [], (await readReturns(em, [id])).get(id) ?? null);
  }
}

const visibleGroups = (principal: Principal): readonly string[] | null =>
  principal.role === 'super_admin'
    ? null
    : [...principal.memberships.keys()].filter((groupId) => may(principal, 'rollout.read', { groupId }));

/** A membership that is limited to some nodes sees the rollout of its group, and of the others no names. */
function visibleNodes(principal: Principal, groupId: string): readonly string[] | null {
  const nodeIds = principal.role === 'super_admin' ? null : principal.memberships.get(groupId)?.nodeIds;
  return nodeIds ? [...nodeIds] : null;
}
