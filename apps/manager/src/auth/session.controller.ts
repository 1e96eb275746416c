import { Body, Controller, Inject, Req, Res } from '@nestjs/common';
import { completeSignIn, signIn, type SessionView, type SignInAnswer } from '@tidegate/contract-api';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { against, CONFIG, Serve, type ManagerConfig } from '../platform/index.ts';
import { Caller, type SignedIn } from './access-rule.ts';
import { ApiTokens } from './api-tokens/api-tokens.ts';
import { readSessionCookie, writeSessionCookie } from './session-cookie.ts';
import { originOf, viewOfSession } from './session-view.ts';
import { Sessions } from './sessions.ts';
import { SignIn, type Opened } from './sign-in.ts';

@Controller()
export class SessionController {
  constructor(
    private readonly signIn: SignIn,
    private readonly sessions: Sessions,
    private readonly tokens: ApiTokens,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {}

  @Serve('signIn')
  async create(
    @Body(against(signIn)) body: z.output<typeof signIn>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SignInAnswer> {
    const answer = await this.signIn.signIn(body.username, body.password, originOf(request));
    return 'challenge' in answer ? answer : await this.letIn(answer, request, response);
  }

  @Serve('completeSignIn')
  async complete(
    @Body(against(completeSignIn)) body: z.output<typeof completeSignIn>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SessionView> {
    return await this.letIn(await this.signIn.complete(body.challenge, body, originOf(request)), request, response);
  }

  private async letIn(opened: Opened, request: Request, response: Response): Promise<SessionView> {
    // The one this browser had before would only lie around.
    const before = readSessionCookie(this.config, request);
    if (before !== undefined) await this.sessions.end(before);
    writeSessionCookie(this.config, request, response, opened.credential.secret);
    return viewOfSession(opened);
  }

  @Serve('readSession')
  read(@Caller() caller: SignedIn): SessionView {
    return viewOfSession(caller);
  }

  /** An API token revokes itself: that is how a program signs out. */
  @Serve('signOut')
  async end(@Caller() caller: SignedIn, @Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<void> {
    if (caller.credential.via === 'api_token') return await this.tokens.revoke(caller, caller.principal.userId, caller.credentialId);
    await this.sessions.end(caller.credential.secret);
    writeSessionCookie(this.config, request, response, null);
  }
}
