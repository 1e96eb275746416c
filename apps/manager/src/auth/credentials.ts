import { Inject, Injectable } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import { AuditTrail } from '../audit/index.ts';
import { CLOCK, Database, type Clock } from '../platform/index.ts';
import { FairQueue } from './fair-queue.ts';
import { hashPassword, isPassword } from './password.ts';
import { countFailure, findForSignIn, type Account } from './persistence/sign-in-records.ts';
import { networkOf, SignInLimit } from './sign-in-limit.ts';

/** Hashing is the dearest thing an unknown caller can ask for, so only a few run at once and only some may wait. */
const HASHING = { maxAtOnce: 2, maxWaiting: 200, maxWaitingPerKey: 10 };
/** Failures with names that nobody has go into the audit trail this often an hour; a flood must not fill it. */
const UNKNOWN_NAMES_PER_HOUR = 60;
const HOUR_MS = 3_600_000;

/** Whether a name and a password belong together. */
@Injectable()
export class Credentials {
  private readonly hashing = new FairQueue(HASHING);
  private readonly limit: SignInLimit;
  private readonly unknownNames: SignInLimit;

  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.limit = new SignInLimit(clock);
    this.unknownNames = new SignInLimit(clock, UNKNOWN_NAMES_PER_HOUR, HOUR_MS);
  }

  /** Before a request's body is read: of a flood the rest must cost next to nothing. @throws CodedError rate_limited */
  refuseFlood(address: string): void {
    this.limit.refuse(networkOf(address));
  }

  /**
   * The lock is read when the turn has come, so that a crowd of guesses sent at once gets no more tries than one after the other.
   * @param username in lower case
   * @throws CodedError rate_limited, account_locked, credentials_invalid: the same for unknown names and wrong passwords. Only
   *   whoever knows the password learns account_disabled, account_expired, one_time_password_expired.
   */
  async check(username: string, password: string, address: string): Promise<Account> {
    const network = networkOf(address);
    const lane = this.limit.take(network);
    const account = await this.hashing.run(network, lane, () => this.compare(username, password, address));
    this.limit.forgive(network);
    const refusal = refusalOf(account, this.clock.now());
    if (refusal) throw new CodedError(refusal);
    return account;
  }

  /** A further proof, limited for its network as a password is; `prove` throws when it is none. @throws CodedError rate_limited */
  async counted<T>(address: string, prove: () => Promise<T>): Promise<T> {
    const network = networkOf(address);
    this.limit.take(network);
    const proven = await prove();
    this.limit.forgive(network);
    return proven;
  }

  /** For a password that is to be stored; waits its turn like any other. */
  hash(password: string, address: string): Promise<string> {
    return this.hashing.run(networkOf(address), 'known', () => hashPassword(password));
  }

  private async compare(username: string, password: string, address: string): Promise<Account> {
    const { account, lockedUntil } = await this.database.read((em) => findForSignIn(em, username));
    const lockedMs = (lockedUntil?.getTime() ?? 0) - this.clock.now().getTime();
    // Before hashing: a locked name must not be a way to keep the processor busy.
    if (lockedMs > 0) throw new CodedError('account_locked', { retry_after_secs: lockedMs / 1000 });
    if ((await isPassword(account?.passwordHash, password)) && account) return account;
    await this.recordFailure(username, account, address);
    throw new CodedError('credentials_invalid');
  }

  /** Of an account that exists every failure is recorded: its lock keeps them few. */
  private async recordFailure(username: string, account: Account | null, address: string): Promise<void> {
    await this.database.transaction(async (em) => {
      await countFailure(em, username, this.clock.now());
      if (!account && !this.mayRecordUnknown()) return;
      await this.audit.append(em, {
        actor: account?.username ?? 'unknown',
        action: 'user.sign_in_failed',
        target: { kind: 'user', id: account?.id ?? 'unknown' },
        address,
        // A name that nobody has is not kept: people type passwords into the wrong field.
        details: account ? {} : { reason: 'name_unknown' },
      });
    });
  }

  private mayRecordUnknown(): boolean {
    try {
      this.unknownNames.take('all');
      return true;
    } catch {
      return false;
    }
  }
}

/** Why an account may not sign in, however much is proven. */
export function refusalOf(account: Account, now: Date): 'account_disabled' | 'account_expired' | 'one_time_password_expired' | null {
  if (account.disabledAt) return 'account_disabled';
  if (account.expiresAt && account.expiresAt <= now) return 'account_expired';
  return account.oneTimeUntil && account.oneTimeUntil <= now ? 'one_time_password_expired' : null;
}
