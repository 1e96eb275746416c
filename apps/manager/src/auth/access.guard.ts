import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { routeOf, type RouteName } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may } from '@tidegate/domain-access';
import type { Request } from 'express';
import { CLOCK, CONFIG, SERVED_ROUTE, type Clock, type ManagerConfig } from '../platform/index.ts';
import { signedIn, type Credential } from './access-rule.ts';
import { Callers } from './callers.ts';
import { RequestLimit } from './request-limit.ts';
import { readSessionCookie } from './session-cookie.ts';
import { isCsrfToken } from './session-secret.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD']);
const BEARER = /^Bearer +([^\s]+)$/i;
/** All that a one-time password opens. */
const OPEN_BEFORE_OWN_PASSWORD: ReadonlySet<RouteName> = new Set(['readSession', 'signOut', 'changePassword']);

/** And all that is open to whoever still has to turn a second factor on. */
const OPEN_BEFORE_SECOND_FACTOR: ReadonlySet<RouteName> = new Set([
  ...OPEN_BEFORE_OWN_PASSWORD,
  'readSecondFactor',
  'beginSecondFactor',
  'confirmSecondFactor',
]);

/** In front of every HTTP route: who asks, does the request come from their page, may they do this at all. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly limit: RequestLimit;

  constructor(
    private readonly reflector: Reflector,
    private readonly callers: Callers,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.limit = new RequestLimit(clock, config.limits.requests_per_minute);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Node sockets authenticate by their own protocol; Nest's guards never run when one connects.
    if (context.getType() !== 'http') return true;
    const name = this.reflector.get<RouteName | undefined>(SERVED_ROUTE, context.getHandler());
    // A handler outside the table of routes has no rule, so it is open to nobody.
    if (!name) throw new CodedError('forbidden');
    const { access: action } = routeOf(name);
    if (action === 'public') return true;
    const request = context.switchToHttp().getRequest<Request>();
    const credential = this.credentialOf(request);
    this.limit.turnAway(credential.secret);
    const identity = await this.callers.resume(credential);
    this.limit.take(identity.principal.userId, credential.secret);
    if (!comesFromOwnPage(request, credential)) throw new CodedError('csrf_invalid');
    if (identity.passwordChangeRequired && !OPEN_BEFORE_OWN_PASSWORD.has(name)) throw new CodedError('password_change_required');
    if (identity.secondFactorSetupRequired && !OPEN_BEFORE_SECOND_FACTOR.has(name)) throw new CodedError('second_factor_setup_required');
    if (!may(identity.principal, action)) throw new CodedError('forbidden');
    signedIn.set(request, { ...identity, credential, address: request.ip ?? '' });
    return true;
  }

  /** A bearer token is the only thing looked at where there is one: no cookie can lend it more than it has. */
  private credentialOf(request: Request): Credential {
    const bearer = BEARER.exec(request.get('authorization') ?? '')?.[1];
    if (bearer !== undefined) return { via: 'api_token', secret: bearer };
    const secret = readSessionCookie(this.config, request);
    if (secret === undefined) throw new CodedError('not_signed_in');
    return { via: 'session', secret };
  }
}

/** Browsers send cookies for whoever asks, but never an Authorization header of another page's making. */
const comesFromOwnPage = (request: Request, { via, secret }: Credential): boolean =>
  via === 'api_token' || SAFE_METHODS.has(request.method) || isCsrfToken(secret, request.get('x-csrf-token'));
