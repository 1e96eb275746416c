import { Body, Controller, Inject, Param, Req, Res } from '@nestjs/common';
import {
  changePassword,
  createApiToken,
  type ApiTokenList,
  type CreatedApiToken,
  type OwnSessionList,
  type SessionView,
} from '@tidegate/contract-api';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { against, CONFIG, entityId, Serve, type ManagerConfig } from '../platform/index.ts';
import { Caller, type SignedIn } from './access-rule.ts';
import { ApiTokens } from './api-tokens/api-tokens.ts';
import { OwnAccount } from './own-account.ts';
import { writeSessionCookie } from './session-cookie.ts';
import { originOf, viewOfSession } from './session-view.ts';

@Controller()
export class AccountController {
  constructor(
    private readonly account: OwnAccount,
    private readonly tokens: ApiTokens,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {}

  @Serve('changePassword')
  async changePassword(
    @Caller() caller: SignedIn,
    @Body(against(changePassword)) body: z.output<typeof changePassword>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SessionView> {
    const opened = await this.account.changePassword(caller, body.old_password, body.new_password, originOf(request));
    writeSessionCookie(this.config, request, response, opened.credential.secret);
    return viewOfSession(opened);
  }

  @Serve('listOwnSessions')
  listSessions(@Caller() caller: SignedIn): Promise<OwnSessionList> {
    return this.account.listSessions(caller);
  }

  @Serve('endOtherSessions')
  endOtherSessions(@Caller() caller: SignedIn): Promise<void> {
    return this.account.endOtherSessions(caller);
  }

  @Serve('endOwnSession')
  endSession(@Caller() caller: SignedIn, @Param('id', entityId('session_not_found')) id: string): Promise<void> {
    return this.account.endSession(caller, id);
  }

  @Serve('listApiTokens')
  listTokens(@Caller() caller: SignedIn): Promise<ApiTokenList> {
    return this.tokens.listOf(caller.principal.userId);
  }

  @Serve('createApiToken')
  createToken(@Caller() caller: SignedIn, @Body(against(createApiToken)) body: z.output<typeof createApiToken>): Promise<CreatedApiToken> {
    return this.tokens.create(caller, body);
  }

  @Serve('revokeApiToken')
  revokeToken(@Caller() caller: SignedIn, @Param('id', entityId('api_token_not_found')) id: string): Promise<void> {
    return this.tokens.revoke(caller, caller.principal.userId, id);
  }
}
