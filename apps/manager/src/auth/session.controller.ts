import { Body, Controller, Inject, Req, Res } from '@nestjs/common';
import { signIn, type SessionView } from '@tidegate/contract-api';
import type { Principal } from '@tidegate/domain-access';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { against, CONFIG, Serve, type ManagerConfig } from '../platform/index.ts';
import { Caller, type SignedIn } from './access-rule.ts';
import { writeSessionCookie } from './session-cookie.ts';
import { csrfTokenOf, Sessions } from './sessions.ts';

@Controller()
export class SessionController {
  constructor(
    private readonly sessions: Sessions,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {}

  @Serve('signIn')
  async create(
    @Body(against(signIn)) body: z.output<typeof signIn>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SessionView> {
    const opened = await this.sessions.signIn(body.username, body.password, request.ip ?? '');
    writeSessionCookie(this.config, request, response, opened.secret);
    return view(opened.principal, opened.secret, opened.expiresAt);
  }

  @Serve('readSession')
  read(@Caller() caller: SignedIn): SessionView {
    return view(caller.principal, caller.sessionSecret, caller.expiresAt);
  }

  @Serve('signOut')
  async end(@Caller() caller: SignedIn, @Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<void> {
    await this.sessions.signOut(caller.sessionSecret);
    writeSessionCookie(this.config, request, response, null);
  }
}

const view = (principal: Principal, secret: string, expiresAt: Date): SessionView => ({
  user: { id: principal.userId, username: principal.username, role: principal.role },
  via: 'session',
  password_change_required: false,
  csrf_token: csrfTokenOf(secret),
  expires_at: expiresAt.toISOString(),
});
