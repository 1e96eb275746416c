import { Body, Controller, Post } from '@nestjs/common';
import { API, createRegistrationToken, type RegistrationTokenView } from '@tidegate/contract-api';
import type { z } from 'zod';
import { Access, Caller, type SignedIn } from '../auth/index.ts';
import { against } from '../platform/index.ts';
import { RegistrationTokens } from './registration-tokens.ts';

@Controller(API.registrationTokens)
export class RegistrationTokensController {
  constructor(private readonly tokens: RegistrationTokens) {}

  @Access('registration_token.create')
  @Post()
  create(
    @Caller() caller: SignedIn,
    @Body(against(createRegistrationToken)) body: z.output<typeof createRegistrationToken>,
  ): Promise<RegistrationTokenView> {
    return this.tokens.create(caller, body);
  }
}
