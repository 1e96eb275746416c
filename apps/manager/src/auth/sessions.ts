import { Inject, Injectable } from '@nestjs/common';
import type { PlatformRole, SignInMethod } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import type { EntityManager } from 'typeorm';
import { CLOCK, CONFIG, Database, type Clock, type ManagerConfig } from '../platform/index.ts';
import type { Identity } from './access-rule.ts';
import * as records from './persistence/session-records.ts';
import { removeOldChallenges } from './persistence/second-factor-records.ts';
import { removeOldFailures } from './persistence/sign-in-records.ts';
import { isRequiredOf } from './second-factor/requirement.ts';
import { hashOf, isSecret, newSecret } from './session-secret.ts';

const LIFETIME_MS = 12 * 3_600_000;
const IDLE_MS = 2 * 3_600_000;
/** Whoever signs in more often ends their oldest: sessions must not be a way to fill the table. */
const MAX_PER_USER = 50;
const FAILURES_KEPT_MS = 86_400_000;

/** Where a session is used from. */
export interface Origin {
  readonly address: string;
  readonly userAgent: string | null;
}

/** People's sessions: on the server, revocable, known there by a hash only. */
@Injectable()
export class Sessions {
  constructor(
    private readonly database: Database,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** In the transaction of whatever proved who it is. @returns the cookie's value, always a new one. */
  async open(em: EntityManager, userId: string, { address, userAgent }: Origin, method: SignInMethod): Promise<string> {
    const secret = newSecret();
    const now = this.clock.now();
    const expiresAt = new Date(now.getTime() + LIFETIME_MS);
    const agent = userAgent?.slice(0, 200) ?? null;
    await records.openSession(em, { idHash: hashOf(secret), userId, now, expiresAt, address, userAgent: agent, method });
    await records.endOldest(em, userId, MAX_PER_USER);
    return secret;
  }

  /** @param used false to look only, which does not keep it from becoming idle. @throws CodedError not_signed_in */
  async resume(secret: string, used = true): Promise<Identity> {
    if (!isSecret(secret)) throw new CodedError('not_signed_in');
    const { now, idleAfter } = this.times();
    const asksSecondFactorOf = (role: PlatformRole): boolean => isRequiredOf(this.config, role);
    const found = await this.database.read((em) => records.resumeSession(em, hashOf(secret), { now, idleAfter, used, asksSecondFactorOf }));
    if (!found) throw new CodedError('not_signed_in');
    return found;
  }

  listOf(userId: string): Promise<records.SessionRow[]> {
    const { now, idleAfter } = this.times();
    return this.database.read((em) => records.listSessionsOf(em, userId, now, idleAfter));
  }

  async end(secret: string): Promise<void> {
    await this.database.read((em) => records.endSession(em, hashOf(secret)));
  }

  async removeExpired(): Promise<void> {
    const { now, idleAfter } = this.times();
    await this.database.read((em) => records.removeExpired(em, now, idleAfter));
    await this.database.read((em) => removeOldChallenges(em, now));
    await this.database.read((em) => removeOldFailures(em, new Date(now.getTime() - FAILURES_KEPT_MS)));
  }

  private times(): { now: Date; idleAfter: Date } {
    const now = this.clock.now();
    return { now, idleAfter: new Date(now.getTime() - IDLE_MS) };
  }
}
