import { Body, Controller, Param, Query } from '@nestjs/common';
import { listMembers, putMember, username, type MemberPage, type MemberView } from '@tidegate/contract-api';
import type { z } from 'zod';
import { against, entityId, Serve } from '../../platform/index.ts';
import { Caller, type SignedIn } from '../access-rule.ts';
import { Members } from './members.ts';

const groupId = entityId('group_not_found');

@Controller()
export class MembersController {
  constructor(private readonly members: Members) {}

  @Serve('listMembers')
  list(
    @Caller() caller: SignedIn,
    @Param('id', groupId) id: string,
    @Query(against(listMembers)) query: z.output<typeof listMembers>,
  ): Promise<MemberPage> {
    return this.members.list(caller, id, query);
  }

  @Serve('putMember')
  put(
    @Caller() caller: SignedIn,
    @Param('id', groupId) id: string,
    @Param('username', against(username)) name: string,
    @Body(against(putMember)) body: z.output<typeof putMember>,
  ): Promise<MemberView> {
    return this.members.put(caller, id, name, body);
  }

  @Serve('removeMember')
  remove(@Caller() caller: SignedIn, @Param('id', groupId) id: string, @Param('username', against(username)) name: string): Promise<void> {
    return this.members.remove(caller, id, name);
  }
}
