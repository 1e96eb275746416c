import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { SignInMethod } from '@tidegate/contract-api';
import type { Principal } from '@tidegate/domain-access';
import type { Request } from 'express';

/** What a request proves itself with. */
export interface Credential {
  readonly via: 'session' | 'api_token';
  readonly secret: string;
}

/** Who a credential stands for, right now. */
export interface Identity {
  readonly principal: Principal;
  /** For the audit trail: `NAME`, or `NAME (token TOKEN)`. */
  readonly actor: string;
  readonly expiresAt: Date;
  /** How the session was opened; null for a token. */
  readonly method: SignInMethod | null;
  /** Signed in with a one-time password. */
  readonly passwordChangeRequired: boolean;
  /** This installation asks for a second factor that the account has not got. */
  readonly secondFactorSetupRequired: boolean;
  /** Of the session or the API token. */
  readonly credentialId: string;
}

export interface SignedIn extends Identity {
  readonly credential: Credential;
  readonly address: string;
}
export const signedIn = new WeakMap<Request, SignedIn>();

export const signedInOf = (request: Request): SignedIn | undefined => signedIn.get(request);

/** Handler parameter: who asks. Present on every route that has an access rule. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): SignedIn => {
  const found = signedIn.get(context.switchToHttp().getRequest<Request>());
  if (!found) throw new Error('a route without an access rule asked for its caller');
  return found;
});
