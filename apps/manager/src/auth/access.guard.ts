import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { routeOf, type RouteName } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may } from '@tidegate/domain-access';
import type { Request } from 'express';
import { CONFIG, SERVED_ROUTE, type ManagerConfig } from '../platform/index.ts';
import { signedIn } from './access-rule.ts';
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
    const name = this.reflector.get<RouteName | undefined>(SERVED_ROUTE, context.getHandler());
    // A handler outside the table of routes has no rule, so it is open to nobody.
    if (!name) throw new CodedError('forbidden');
    const { access: action } = routeOf(name);
    if (action === 'public') return true;
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
