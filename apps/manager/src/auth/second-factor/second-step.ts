import { Inject, Injectable } from '@nestjs/common';
import type { SecondFactorChallenge } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import type { EntityManager } from 'typeorm';
import { AuditTrail } from '../../audit/index.ts';
import { CLOCK, Database, type Clock } from '../../platform/index.ts';
import { Credentials, refusalOf } from '../credentials.ts';
import * as records from '../persistence/second-factor-records.ts';
import { countFailure, findForSignIn, type Account } from '../persistence/sign-in-records.ts';
import { hashOf, isSecret, newSecret } from '../session-secret.ts';
import { SecondFactor, type Proof } from './second-factor.ts';

const LIFETIME_MS = 5 * 60_000;
const MAX_TRIES = 5;
/** Of one account at a time. */
const MAX_OPEN = 5;

/** A sign-in between the password and the code. Known by a hash only, to every replica. */
@Injectable()
export class SecondStep {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly credentials: Credentials,
    private readonly factor: SecondFactor,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @returns null for an account without a second factor: the password was enough. */
  async challenge({ id }: Account): Promise<SecondFactorChallenge | null> {
    const secret = newSecret();
    const expiresAt = new Date(this.clock.now().getTime() + LIFETIME_MS);
    const asked = await this.database.transaction(async (em) => {
      if (!(await records.readFactor(em, id))) return false;
      await records.insertChallenge(em, { idHash: hashOf(secret), userId: id, expiresAt, keep: MAX_OPEN });
      return true;
    });
    return asked ? { second_factor_required: true, challenge: secret, expires_at: expiresAt.toISOString() } : null;
  }

  /**
   * A wrong code counts as a wrong password does, for the network and for the name: whoever knows the password gets no more tries.
   * @throws CodedError second_factor_challenge_invalid, second_factor_wrong, account_locked, rate_limited, and those of an account
   *   that may not sign in
   */
  async answer(challenge: string, proof: Proof, address: string): Promise<Account> {
    return await this.credentials.counted(address, async () => {
      const outcome = await this.database.transaction((em) => this.judge(em, challenge, proof, address));
      // Thrown outside: what was counted has to stay.
      if (outcome instanceof CodedError) throw outcome;
      return outcome;
    });
  }

  private async judge(em: EntityManager, challenge: string, proof: Proof, address: string): Promise<Account | CodedError> {
    const now = this.clock.now();
    const idHash = hashOf(challenge);
    const found = isSecret(challenge) ? await records.lockChallenge(em, idHash, now) : null;
    if (!found || found.tries >= MAX_TRIES) return new CodedError('second_factor_challenge_invalid');
    // First, so that of tries by several challenges at once the next one sees how many failed.
    await records.lockFactor(em, found.user_id);
    const { account, lockedUntil } = await findForSignIn(em, found.username);
    const lockedMs = (lockedUntil?.getTime() ?? 0) - now.getTime();
    if (lockedMs > 0) return new CodedError('account_locked', { retry_after_secs: lockedMs / 1000 });
    if (!account) return new CodedError('second_factor_challenge_invalid');
    const refusal = refusalOf(account, now);
    if (refusal) return new CodedError(refusal);
    if (await this.factor.proves(em, account.id, proof)) {
      await records.deleteChallenge(em, idHash);
      return account;
    }
    await records.countTry(em, idHash);
    await countFailure(em, account.username, now);
    await this.audit.append(em, {
      actor: account.username,
      action: 'user.sign_in_failed',
      target: { kind: 'user', id: account.id },
      address,
      details: { reason: 'second_factor', by: proof.code === undefined ? 'recovery_code' : 'code' },
    });
    return new CodedError('second_factor_wrong');
  }
}
