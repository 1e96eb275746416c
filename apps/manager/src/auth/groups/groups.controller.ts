import { Body, Controller, Param, Query } from '@nestjs/common';
import { createGroup, listGroups, updateGroup, type GroupPage, type GroupView } from '@tidegate/contract-api';
import type { z } from 'zod';
import { against, entityId, IfMatch, Serve } from '../../platform/index.ts';
import { Caller, type SignedIn } from '../access-rule.ts';
import { Groups } from './groups.ts';

const groupId = entityId('group_not_found');

@Controller()
export class GroupsController {
  constructor(private readonly groups: Groups) {}

  @Serve('listGroups')
  list(@Caller() caller: SignedIn, @Query(against(listGroups)) query: z.output<typeof listGroups>): Promise<GroupPage> {
    return this.groups.list(caller, query);
  }

  @Serve('createGroup')
  create(@Caller() caller: SignedIn, @Body(against(createGroup)) body: z.output<typeof createGroup>): Promise<GroupView> {
    return this.groups.create(caller, body.name);
  }

  @Serve('readGroup')
  read(@Caller() caller: SignedIn, @Param('id', groupId) id: string): Promise<GroupView> {
    return this.groups.read(caller, id);
  }

  @Serve('updateGroup')
  update(
    @Caller() caller: SignedIn,
    @Param('id', groupId) id: string,
    @IfMatch() revision: number,
    @Body(against(updateGroup)) body: z.output<typeof updateGroup>,
  ): Promise<GroupView> {
    return this.groups.rename(caller, id, revision, body.name);
  }

  @Serve('removeGroup')
  remove(@Caller() caller: SignedIn, @Param('id', groupId) id: string): Promise<void> {
    return this.groups.remove(caller, id);
  }
}
