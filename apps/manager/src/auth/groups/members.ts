import { Injectable } from '@nestjs/common';
import type { Action, listMembers, MemberPage, MemberView, putMember } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may, type Principal } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { AuditTrail } from '../../audit/index.ts';
import { ChangeFeed, Database, decodeCursor, encodeCursor } from '../../platform/index.ts';
import type { SignedIn } from '../access-rule.ts';
import { lockGroup } from '../persistence/group-records.ts';
import * as records from '../persistence/member-records.ts';

const cursorSchema = z.strictObject({ username: z.string().max(64) });

/**
 * Who is in a group, as what. An admin manages their own group and can grant what they are and no more: `admin` is the highest.
 * They may take themselves out, even as the last one; a super_admin can always put it right.
 */
@Injectable()
export class Members {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly changes: ChangeFeed,
  ) {}

  /** @throws CodedError group_not_found, forbidden */
  async list({ principal }: SignedIn, groupId: string, query: z.output<typeof listMembers>): Promise<MemberPage> {
    const after = decodeCursor(cursorSchema, query.cursor);
    const rows = await this.database.transaction(async (em) => {
      await refuseOthers(em, principal, 'member.read', groupId);
      return await records.selectMembers(em, groupId, query.limit, after?.username ?? null);
    });
    const items = rows.slice(0, query.limit);
    const last = items.at(-1);
    return { items, next_cursor: rows.length > query.limit && last ? encodeCursor({ username: last.username }) : null };
  }

  /** @throws CodedError group_not_found, forbidden, user_not_found, node_not_found for a node outside the group */
  async put(caller: SignedIn, groupId: string, username: string, request: z.output<typeof putMember>): Promise<MemberView> {
    const { role, node_ids: nodeIds } = request;
    const member = await this.database.transaction(async (em) => {
      await refuseOthers(em, caller.principal, 'member.manage', groupId);
      const userId = await records.findUserId(em, username);
      if (userId === null) throw new CodedError('user_not_found');
      const foreign = nodeIds ? await records.notInGroup(em, groupId, nodeIds) : [];
      if (foreign.length > 0) throw new CodedError('node_not_found', { node_ids: foreign });
      const before = await records.findMember(em, groupId, userId);
      await records.writeMember(em, { groupId, userId, role, nodeIds });
      const after = await records.findMember(em, groupId, userId);
      if (!after) throw new CodedError('member_not_found');
      await this.record(em, caller, 'group.member.put', groupId, { username, before: rightsOf(before), after: rightsOf(after) });
      return after;
    });
    this.changes.emit('access', member.user_id);
    return member;
  }

  /** @throws CodedError group_not_found, forbidden, member_not_found */
  async remove(caller: SignedIn, groupId: string, username: string): Promise<void> {
    const userId = await this.database.transaction(async (em) => {
      await refuseOthers(em, caller.principal, 'member.manage', groupId);
      const id = await records.findUserId(em, username);
      const before = id === null ? null : await records.findMember(em, groupId, id);
      if (!before) throw new CodedError('member_not_found');
      await records.deleteMember(em, groupId, before.user_id);
      await this.record(em, caller, 'group.member.remove', groupId, { username, before: rightsOf(before) });
      return before.user_id;
    });
    this.changes.emit('access', userId);
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

/** Locks the group, so that it is not removed meanwhile and two who change its members do so one after the other. */
async function refuseOthers(em: EntityManager, principal: Principal, action: Action, groupId: string): Promise<void> {
  if (!may(principal, 'group.read', { groupId }) || !(await lockGroup(em, groupId))) throw new CodedError('group_not_found');
  if (!may(principal, action, { groupId })) throw new CodedError('forbidden');
}

const rightsOf = (member: records.MemberRow | null): object | null => member && { role: member.role, node_ids: member.node_ids };
