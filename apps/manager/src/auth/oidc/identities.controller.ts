import { Body, Controller, Param } from '@nestjs/common';
import { linkIdentity, type IdentityList, type IdentityView } from '@tidegate/contract-api';
import type { z } from 'zod';
import { against, entityId, Serve } from '../../platform/index.ts';
import { Caller, type SignedIn } from '../access-rule.ts';
import { Identities } from './identities.ts';

const userId = entityId('user_not_found');

@Controller()
export class IdentitiesController {
  constructor(private readonly identities: Identities) {}

  @Serve('listIdentities')
  list(@Param('id', userId) id: string): Promise<IdentityList> {
    return this.identities.listOf(id);
  }

  @Serve('linkIdentity')
  link(
    @Caller() caller: SignedIn,
    @Param('id', userId) id: string,
    @Body(against(linkIdentity)) body: z.output<typeof linkIdentity>,
  ): Promise<IdentityView> {
    return this.identities.link(caller, id, body);
  }

  @Serve('unlinkIdentity')
  unlink(
    @Caller() caller: SignedIn,
    @Param('id', userId) id: string,
    @Param('identity_id', entityId('oidc_identity_not_found')) identityId: string,
  ): Promise<void> {
    return this.identities.unlink(caller, id, identityId);
  }
}
