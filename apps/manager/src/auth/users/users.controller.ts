import { Body, Controller, Param, Query } from '@nestjs/common';
import {
  createUser,
  listUsers,
  updateUser,
  type ApiTokenList,
  type CreatedUser,
  type PasswordReset,
  type UserPage,
  type UserView,
} from '@tidegate/contract-api';
import type { z } from 'zod';
import { against, entityId, IfMatch, Serve } from '../../platform/index.ts';
import { Caller, type SignedIn } from '../access-rule.ts';
import { ApiTokens } from '../api-tokens/api-tokens.ts';
import { Users } from './users.ts';

const userId = entityId('user_not_found');

@Controller()
export class UsersController {
  constructor(
    private readonly users: Users,
    private readonly tokens: ApiTokens,
  ) {}

  @Serve('listUsers')
  list(@Query(against(listUsers)) query: z.output<typeof listUsers>): Promise<UserPage> {
    return this.users.list(query);
  }

  @Serve('createUser')
  create(@Caller() caller: SignedIn, @Body(against(createUser)) body: z.output<typeof createUser>): Promise<CreatedUser> {
    return this.users.create(caller, body);
  }

  @Serve('readUser')
  read(@Param('id', userId) id: string): Promise<UserView> {
    return this.users.read(id);
  }

  @Serve('updateUser')
  update(
    @Caller() caller: SignedIn,
    @Param('id', userId) id: string,
    @IfMatch() revision: number,
    @Body(against(updateUser)) body: z.output<typeof updateUser>,
  ): Promise<UserView> {
    return this.users.update(caller, id, revision, body);
  }

  @Serve('removeUser')
  remove(@Caller() caller: SignedIn, @Param('id', userId) id: string): Promise<void> {
    return this.users.remove(caller, id);
  }

  @Serve('resetPassword')
  resetPassword(@Caller() caller: SignedIn, @Param('id', userId) id: string): Promise<PasswordReset> {
    return this.users.resetPassword(caller, id);
  }

  @Serve('unlockUser')
  unlock(@Caller() caller: SignedIn, @Param('id', userId) id: string): Promise<void> {
    return this.users.unlock(caller, id);
  }

  @Serve('resetSecondFactor')
  resetSecondFactor(@Caller() caller: SignedIn, @Param('id', userId) id: string): Promise<void> {
    return this.users.resetSecondFactor(caller, id);
  }

  @Serve('endUserSessions')
  endSessions(@Caller() caller: SignedIn, @Param('id', userId) id: string): Promise<void> {
    return this.users.endSessions(caller, id);
  }

  @Serve('listUserTokens')
  async listTokens(@Param('id', userId) id: string): Promise<ApiTokenList> {
    await this.users.read(id);
    return await this.tokens.listOf(id);
  }

  @Serve('revokeUserToken')
  async revokeToken(
    @Caller() caller: SignedIn,
    @Param('id', userId) id: string,
    @Param('token_id', entityId('api_token_not_found')) tokenId: string,
  ): Promise<void> {
    await this.users.read(id);
    await this.tokens.revoke(caller, id, tokenId);
  }
}
