import { Body, Controller, Param, Query } from '@nestjs/common';
import {
  createRegistrationToken,
  listRegistrationTokens,
  type RegistrationTokenInfo,
  type RegistrationTokenPage,
  type RegistrationTokenView,
} from '@tidegate/contract-api';
import type { z } from 'zod';
import { Caller, type SignedIn } from '../auth/index.ts';
import { against, entityId, Serve } from '../platform/index.ts';
import { RegistrationTokens } from './registration-tokens.ts';

@Controller()
export class RegistrationTokensController {
  constructor(private readonly tokens: RegistrationTokens) {}

  @Serve('createRegistrationToken')
  create(
    @Caller() caller: SignedIn,
    @Body(against(createRegistrationToken)) body: z.output<typeof createRegistrationToken>,
  ): Promise<RegistrationTokenView> {
    return this.tokens.create(caller, body);
  }

  @Serve('listRegistrationTokens')
  list(
    @Caller() caller: SignedIn,
    @Query(against(listRegistrationTokens)) query: z.output<typeof listRegistrationTokens>,
  ): Promise<RegistrationTokenPage> {
    return this.tokens.list(caller, query);
  }

  @Serve('readRegistrationToken')
  read(@Caller() caller: SignedIn, @Param('id', entityId('registration_token_not_found')) id: string): Promise<RegistrationTokenInfo> {
    return this.tokens.read(caller, id);
  }

  @Serve('revokeRegistrationToken')
  revoke(@Caller() caller: SignedIn, @Param('id', entityId('registration_token_not_found')) id: string): Promise<RegistrationTokenInfo> {
    return this.tokens.revoke(caller, id);
  }
}
