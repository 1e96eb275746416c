import { Inject, Injectable } from '@nestjs/common';
import type { SecondFactorChallenge } from '@tidegate/contract-api';
import { AuditTrail } from '../audit/index.ts';
import { CLOCK, Database, type Clock } from '../platform/index.ts';
import type { SignedIn } from './access-rule.ts';
import { Credentials } from './credentials.ts';
import { clearFailures, markSignedIn, type Account } from './persistence/sign-in-records.ts';
import type { Proof } from './second-factor/second-factor.ts';
import { SecondStep } from './second-factor/second-step.ts';
import { Sessions, type Origin } from './sessions.ts';

/** A session that was just opened; the cookie's value is `credential.secret`. */
export type Opened = Omit<SignedIn, 'address'>;

/** From a name, a password and maybe a second factor to a session. */
@Injectable()
export class SignIn {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly credentials: Credentials,
    private readonly secondStep: SecondStep,
    private readonly sessions: Sessions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @returns a challenge where the password is not enough. @throws CodedError as Credentials.check */
  async signIn(username: string, password: string, origin: Origin): Promise<Opened | SecondFactorChallenge> {
    const account = await this.credentials.check(username.toLowerCase(), password, origin.address);
    return (await this.secondStep.challenge(account)) ?? (await this.open(account, origin));
  }

  /** @throws CodedError as SecondStep.answer */
  async complete(challenge: string, proof: Proof, origin: Origin): Promise<Opened> {
    const account = await this.secondStep.answer(challenge, proof, origin.address);
    return await this.open(account, origin, { second_factor: proof.code === undefined ? 'recovery_code' : 'code' });
  }

  /** Once everything that proves who it is has been shown. */
  private async open(account: Account, origin: Origin, shown: Readonly<Record<string, unknown>> = {}): Promise<Opened> {
    const secret = await this.database.transaction(async (em) => {
      await clearFailures(em, account.username);
      await markSignedIn(em, account.id, this.clock.now());
      await this.audit.append(em, {
        actor: account.username,
        action: 'user.sign_in',
        target: { kind: 'user', id: account.id },
        address: origin.address,
        details: { method: 'password', ...shown },
      });
      return await this.sessions.open(em, account.id, origin, 'password');
    });
    return { ...(await this.sessions.resume(secret)), credential: { via: 'session', secret } };
  }
}
