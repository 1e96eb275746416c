import { Injectable } from '@nestjs/common';
import type { Credential, Identity } from './access-rule.ts';
import { ApiTokens } from './api-tokens/api-tokens.ts';
import { Sessions } from './sessions.ts';

/** Who a credential stands for, asked anew with each request: a role that was taken away is gone with the next one. */
@Injectable()
export class Callers {
  constructor(
    private readonly sessions: Sessions,
    private readonly tokens: ApiTokens,
  ) {}

  /** @throws CodedError not_signed_in for a session; api_token_invalid, api_token_expired for a token */
  resume({ via, secret }: Credential): Promise<Identity> {
    return via === 'session' ? this.sessions.resume(secret) : this.tokens.resume(secret);
  }

  /** As `resume`, for what goes on by itself: a page that is left open does not keep its session from becoming idle. */
  recheck({ via, secret }: Credential): Promise<Identity> {
    return via === 'session' ? this.sessions.resume(secret, false) : this.tokens.resume(secret);
  }
}
