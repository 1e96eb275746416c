import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Principal } from '@tidegate/domain-access';
import type { Request } from 'express';

export interface SignedIn {
  readonly principal: Principal;
  readonly sessionSecret: string;
  readonly expiresAt: Date;
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
