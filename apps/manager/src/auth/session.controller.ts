import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { API, signIn, type SessionView } from '@tidegate/contract-api';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { against, CONFIG, Public, type ManagerConfig } from '../platform/index.ts';
import { Access, Caller, type SignedIn } from './access-rule.ts';
import type { Principal } from './principal.ts';
import { writeSessionCookie } from './session-cookie.ts';
import { csrfTokenOf, Sessions } from './sessions.ts';

@Controller(API.session)
export class SessionController {
  constructor(
    private readonly sessions: Sessions,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {}

  @Public()
  @Post()
  @HttpCode(200)
  async create(
    @Body(against(signIn)) body: z.output<typeof signIn>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SessionView> {
    const opened = await this.sessions.signIn(body.username, body.password, request.ip ?? '');
    writeSessionCookie(this.config, request, response, opened.secret);
    return view(opened.principal, opened.secret, opened.expiresAt);
  }

  @Access('session.own')
  @Get()
  read(@Caller() caller: SignedIn): SessionView {
    return view(caller.principal, caller.sessionSecret, caller.expiresAt);
  }

  @Access('session.own')
  @Delete()
  @HttpCode(204)
  async end(@Caller() caller: SignedIn, @Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<void> {
    await this.sessions.signOut(caller.sessionSecret);
    writeSessionCookie(this.config, request, response, null);
  }
}

const view = (principal: Principal, secret: string, expiresAt: Date): SessionView => ({
  user: { id: principal.userId, username: principal.username, role: principal.role },
  csrf_token: csrfTokenOf(secret),
  expires_at: expiresAt.toISOString(),
});
