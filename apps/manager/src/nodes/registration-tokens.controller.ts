import { Body, Controller } from '@nestjs/common';
import { createRegistrationToken, type RegistrationTokenView } from '@tidegate/contract-api';
import type { z } from 'zod';
import { Caller, type SignedIn } from '../auth/index.ts';
import { against, Serve } from '../platform/index.ts';
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
}
