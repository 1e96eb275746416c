import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { CodedError } from '@tidegate/contract-errors';
import type { Request } from 'express';
import { CONFIG, PUBLIC_ROUTE, type ManagerConfig } from '../platform/index.ts';
import { ACCESS_RULE, signedIn } from './access-rule.ts';
import { may, type Action } from './access.ts';
import { readSessionCookie } from './session-cookie.ts';
import { isCsrfToken, Sessions } from './sessions.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD']);

/** In front of every HTTP route: who asks, does the request come from their page, may they do this at all. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly sessions: Sessions,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Node sockets authenticate by their own protocol; Nest's guards never run when one connects.
    if (context.getType() !== 'http') return true;
    const places = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, places)) return true;
    const action = this.reflector.getAllAndOverride<Action | undefined>(ACCESS_RULE, places);
    if (!action) throw new CodedError('forbidden');
    const request = context.switchToHttp().getRequest<Request>();
    const secret = readSessionCookie(this.config, request);
    const { principal, expiresAt } = await this.sessions.resume(secret);
    const sessionSecret = secret ?? '';
    if (!SAFE_METHODS.has(request.method) && !isCsrfToken(sessionSecret, request.get('x-csrf-token'))) throw new CodedError('csrf_invalid');
    if (!may(principal, action)) throw new CodedError('forbidden');
    signedIn.set(request, { principal, sessionSecret, expiresAt, address: request.ip ?? '' });
    return true;
  }
}
