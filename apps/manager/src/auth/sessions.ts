import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import type { Principal } from '@tidegate/domain-access';
import { AuditTrail } from '../audit/index.ts';
import { CLOCK, Database, type Clock } from '../platform/index.ts';
import { PasswordChecker } from './password.ts';
import * as records from './persistence/account-records.ts';
import { SignInLimit } from './sign-in-limit.ts';

const LIFETIME_MS = 12 * 3_600_000;
const IDLE_MS = 2 * 3_600_000;
const SECRET = /^[A-Za-z0-9_-]{43}$/;

export interface OpenSession {
  readonly secret: string;
  readonly principal: Principal;
  readonly expiresAt: Date;
}

const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** Bound to the session, never stored, different from its id: a page that reads it still cannot forge the cookie. */
export const csrfTokenOf = (secret: string): string => createHmac('sha256', secret).update('tidegate-csrf-v1').digest('base64url');

export function isCsrfToken(secret: string, given: string | undefined): boolean {
  const expected = Buffer.from(csrfTokenOf(secret));
  const actual = Buffer.from(given ?? '');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/** People's sessions: on the server, revocable, known there by a hash only. */
@Injectable()
export class Sessions {
  private readonly passwords = new PasswordChecker();
  private readonly limit: SignInLimit;

  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.limit = new SignInLimit(clock);
  }

  /** @throws CodedError rate_limited, account_locked, credentials_invalid: the same for unknown names and wrong passwords. */
  async signIn(username: string, password: string, address: string): Promise<OpenSession> {
    this.limit.take(address);
    const name = username.toLowerCase();
    const now = this.clock.now();
    const { until, account } = await this.database.read(async (em) => ({
      until: await records.lockedUntil(em, name),
      account: await records.findAccount(em, name),
    }));
    // Before hashing: a locked name must not be a way to keep the processor busy.
    if (until && until > now) throw new CodedError('account_locked', { retry_after_secs: (until.getTime() - now.getTime()) / 1000 });
    if (!(await this.passwords.check(account?.passwordHash, password)) || !account) {
      await this.database.read((em) => records.countFailure(em, name, now));
      throw new CodedError('credentials_invalid');
    }
    const secret = randomBytes(32).toString('base64url');
    const expiresAt = new Date(now.getTime() + LIFETIME_MS);
    await this.database.transaction(async (em) => {
      await records.clearFailures(em, name);
      await records.openSession(em, { idHash: hashOf(secret), userId: account.id, now, expiresAt, address });
      await this.audit.append(em, { actor: account.username, action: 'user.sign_in', target: { kind: 'user', id: account.id }, address });
    });
    const resumed = await this.resume(secret);
    return { secret, ...resumed };
  }

  /** @throws CodedError not_signed_in */
  async resume(secret: string | undefined): Promise<{ principal: Principal; expiresAt: Date }> {
    if (secret === undefined || !SECRET.test(secret)) throw new CodedError('not_signed_in');
    const now = this.clock.now();
    const idleAfter = new Date(now.getTime() - IDLE_MS);
    const found = await this.database.read((em) => records.resumeSession(em, hashOf(secret), now, idleAfter));
    if (!found) throw new CodedError('not_signed_in');
    return found;
  }

  async signOut(secret: string): Promise<void> {
    await this.database.read((em) => records.closeSession(em, hashOf(secret)));
  }

  async removeExpired(): Promise<void> {
    const now = this.clock.now();
    await this.database.read((em) => records.removeExpired(em, now, new Date(now.getTime() - 86_400_000)));
  }
}
