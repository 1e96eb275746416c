import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { GroupPage, GroupView, listGroups } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may, type Principal } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { AuditTrail } from '../../audit/index.ts';
import { CLOCK, Database, decodeCursor, encodeCursor, type Clock } from '../../platform/index.ts';
import type { SignedIn } from '../access-rule.ts';
import * as records from '../persistence/group-records.ts';

const cursorSchema = z.strictObject({ name: z.string().max(64) });

/** Groups: whose nodes are whose. */
@Injectable()
export class Groups {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async list({ principal }: SignedIn, query: z.output<typeof listGroups>): Promise<GroupPage> {
    const after = decodeCursor(cursorSchema, query.cursor);
    const ids = visibleGroups(principal);
    const rows = await this.database.read((em) => records.selectGroups(em, query, ids, after?.name ?? null));
    const page = rows.slice(0, query.limit);
    const last = page.at(-1);
    const next = rows.length > query.limit && last ? encodeCursor({ name: last.name }) : null;
    return { items: page.map((row) => viewOfGroup(row, principal)), next_cursor: next };
  }

  /** @throws CodedError group_not_found, also for one that the caller may not see */
  async read({ principal }: SignedIn, id: string): Promise<GroupView> {
    return await this.database.read((em) => this.view(em, principal, id));
  }

  /** @throws CodedError group_name_taken */
  async create(caller: SignedIn, name: string): Promise<GroupView> {
    const id = randomUUID();
    return await this.database.transaction(async (em) => {
      if (!(await records.insertGroup(em, id, name, this.clock.now()))) throw new CodedError('group_name_taken');
      await this.record(em, caller, 'group.create', id, { name });
      return await this.view(em, caller.principal, id);
    });
  }

  /** @throws CodedError group_not_found, forbidden, revision_stale, group_name_taken */
  async rename(caller: SignedIn, id: string, revision: number, name: string): Promise<GroupView> {
    return await this.database.transaction(async (em) => {
      const group = await records.lockGroup(em, id);
      if (!group || !may(caller.principal, 'group.read', { groupId: id })) throw new CodedError('group_not_found');
      if (!may(caller.principal, 'group.update', { groupId: id })) throw new CodedError('forbidden');
      if (group.revision !== revision) throw new CodedError('revision_stale');
      if (!(await records.renameGroup(em, id, name))) throw new CodedError('group_name_taken');
      await this.record(em, caller, 'group.rename', id, { before: { name: group.name }, after: { name } });
      return await this.view(em, caller.principal, id);
    });
  }

  /** @throws CodedError group_not_found, group_not_empty */
  async remove(caller: SignedIn, id: string): Promise<void> {
    await this.database.transaction(async (em) => {
      await records.deleteTokensOfGroup(em, id);
      const group = await records.lockGroup(em, id);
      if (!group) throw new CodedError('group_not_found');
      const nodes = await records.countNodes(em, id);
      if (nodes > 0) throw new CodedError('group_not_empty', { nodes });
      await records.deleteGroup(em, id);
      await this.record(em, caller, 'group.remove', id, { name: group.name });
    });
  }

  private async view(em: EntityManager, principal: Principal, id: string): Promise<GroupView> {
    const row = await records.findGroup(em, id);
    if (!row || !may(principal, 'group.read', { groupId: id })) throw new CodedError('group_not_found');
    return viewOfGroup(row, principal);
  }

  private record(
    em: EntityManager,
    caller: SignedIn,
    action: string,
    id: string,
    details: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    return this.audit.append(em, { actor: caller.actor, action, target: { kind: 'group', id }, address: caller.address, details });
  }
}

/** Unlike `reach`, with the groups of memberships that are limited to some nodes: their group they may read. */
const visibleGroups = (principal: Principal): readonly string[] | null =>
  principal.role === 'super_admin'
    ? null
    : [...principal.memberships.keys()].filter((groupId) => may(principal, 'group.read', { groupId }));

function viewOfGroup(row: records.GroupRow, principal: Principal): GroupView {
  const membership = principal.memberships.get(row.id);
  const limitedTo = (principal.role === 'super_admin' ? null : membership?.nodeIds) ?? null;
  return {
    id: row.id,
    name: row.name,
    created_at: row.created_at.toISOString(),
    your_role: membership?.role ?? null,
    limited: limitedTo !== null,
    nodes: limitedTo?.size ?? row.nodes,
    revision: row.revision,
  };
}
