import { Inject, Injectable } from '@nestjs/common';
import { AuditTrail } from '../audit/index.ts';
import { CLOCK, Database, type Clock } from '../platform/index.ts';
import type { SignedIn } from './access-rule.ts';
import { Credentials } from './credentials.ts';
import { clearFailures, markSignedIn, type Account } from './persistence/sign-in-records.ts';
import { Sessions, type Origin } from './sessions.ts';

/** A session that was just opened; the cookie's value is `credential.secret`. */
export type Opened = Omit<SignedIn, 'address'>;

/** From a name and a password to a session. */
@Injectable()
export class SignIn {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly credentials: Credentials,
    private readonly sessions: Sessions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws CodedError as Credentials.check */
  async signIn(username: string, password: string, origin: Origin): Promise<Opened> {
    return await this.open(await this.credentials.check(username.toLowerCase(), password, origin.address), origin);
  }

  /** Once everything that proves who it is has been shown. */
  private async open(account: Account, origin: Origin): Promise<Opened> {
    const secret = await this.database.transaction(async (em) => {
      await clearFailures(em, account.username);
      await markSignedIn(em, account.id, this.clock.now());
      await this.audit.append(em, {
        actor: account.username,
        action: 'user.sign_in',
        target: { kind: 'user', id: account.id },
        address: origin.address,
      });
      return await this.sessions.open(em, account.id, origin);
    });
    return { ...(await this.sessions.resume(secret)), credential: { via: 'session', secret } };
  }
}
