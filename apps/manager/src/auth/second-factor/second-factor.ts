import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { RecoveryCodes, SecondFactorSecret, SecondFactorView } from '@tidegate/contract-api';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import type { EntityManager } from 'typeorm';
import { AuditTrail } from '../../audit/index.ts';
import { ChangeFeed, CLOCK, CONFIG, Database, placeOf, Secrets, type Clock, type ManagerConfig } from '../../platform/index.ts';
import type { SignedIn } from '../access-rule.ts';
import { Credentials } from '../credentials.ts';
import * as records from '../persistence/second-factor-records.ts';
import { endSessionsOf } from '../persistence/session-records.ts';
import { countFailure } from '../persistence/sign-in-records.ts';
import { hashOfRecoveryCode, newRecoveryCodes } from './recovery-codes.ts';
import { isRequiredOf } from './requirement.ts';
import { base32, matchingStep, otpauthUri } from './totp.ts';

const SECRET_BYTES = 20;

/** What somebody shows beside the password: a code of the app, or a recovery code. */
export interface Proof {
  readonly code?: string | undefined;
  readonly recovery_code?: string | undefined;
}

/** The second factor of accounts: turned on, shown, turned off. */
@Injectable()
export class SecondFactor {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly credentials: Credentials,
    private readonly secrets: Secrets,
    private readonly changes: ChangeFeed,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async view({ principal }: SignedIn): Promise<SecondFactorView> {
    const on = await this.database.read((em) => records.readFactor(em, principal.userId));
    return {
      on: on !== null,
      since: on?.confirmed_at.toISOString() ?? null,
      recovery_codes_left: on?.codes_left ?? 0,
      required: isRequiredOf(this.config, principal.role),
    };
  }

  /** @throws CodedError old_password_wrong, account_locked, rate_limited; second_factor_on */
  async begin(caller: SignedIn, password: string): Promise<SecondFactorSecret> {
    const { userId, username } = caller.principal;
    await this.checkPassword(caller, password);
    const secret = randomBytes(SECRET_BYTES);
    const sealed = this.secrets.seal(secret.toString('base64'), placeOf(records.SEALED_SECRET, userId));
    const written = await this.database.transaction((em) => records.writeUnconfirmed(em, userId, sealed, this.clock.now()));
    if (!written) throw new CodedError('second_factor_on');
    return { secret: base32(secret), uri: otpauthUri(secret, username, this.issuer) };
  }

  /** Every other session ends: none of them has shown a second factor. @throws CodedError second_factor_off, second_factor_on, second_factor_wrong */
  async confirm(caller: SignedIn, code: string): Promise<RecoveryCodes> {
    const { userId } = caller.principal;
    const [now, codes] = [this.clock.now(), newRecoveryCodes()];
    await this.database.transaction(async (em) => {
      const factor = await records.lockFactor(em, userId);
      if (!factor) throw new CodedError('second_factor_off');
      if (factor.confirmed_at) throw new CodedError('second_factor_on');
      const step = matchingStep(this.open(userId, factor), code, now, factor.last_step);
      if (step === null) throw new CodedError('second_factor_wrong');
      await records.confirmFactor(em, userId, { now, step, codeHashes: codes.map((text) => hashOfRecoveryCode(userId, text)) });
      const ended = await endSessionsOf(em, userId, caller.credentialId);
      await this.record(em, caller, 'user.second_factor_on', { other_sessions_ended: ended });
    });
    this.changes.emit('access', userId);
    return { recovery_codes: codes };
  }

  /** @throws CodedError old_password_wrong, account_locked, rate_limited; second_factor_off, second_factor_wrong (counted as a failed sign-in) */
  async remove(caller: SignedIn, password: string, proof: Proof): Promise<void> {
    const { userId, username } = caller.principal;
    await this.checkPassword(caller, password);
    if (!(await this.database.read((em) => records.readFactor(em, userId)))) throw new CodedError('second_factor_off');
    await this.credentials.counted(caller.address, async () => {
      const removed = await this.database.transaction(async (em) => {
        const proven = await this.proves(em, userId, proof);
        if (proven) {
          await records.deleteFactor(em, userId);
          await this.record(em, caller, 'user.second_factor_off', {});
        } else await countFailure(em, username, this.clock.now());
        return proven;
      });
      // Thrown outside: what was counted has to stay.
      if (!removed) throw new CodedError('second_factor_wrong');
    });
    this.changes.emit('access', userId);
  }

  /** Uses it up. @returns false also when no second factor is on. */
  async proves(em: EntityManager, userId: string, { code, recovery_code: recoveryCode }: Proof): Promise<boolean> {
    const factor = await records.lockFactor(em, userId);
    if (!factor?.confirmed_at) return false;
    if (recoveryCode !== undefined) return await records.useRecoveryCode(em, userId, hashOfRecoveryCode(userId, recoveryCode));
    const step = matchingStep(this.open(userId, factor), code ?? '', this.clock.now(), factor.last_step);
    if (step === null) return false;
    await records.useStep(em, userId, step);
    return true;
  }

  private open(userId: string, { sealed_secret: sealed }: records.SecondFactorRow): Buffer {
    return Buffer.from(this.secrets.open(sealed, placeOf(records.SEALED_SECRET, userId)), 'base64');
  }

  private async checkPassword({ principal, address }: SignedIn, password: string): Promise<void> {
    try {
      await this.credentials.check(principal.username, password, address);
    } catch (error) {
      // Not the answer of a wrong sign-in: the session is a good one and stays.
      throw isCodedError(error) && error.code === 'credentials_invalid' ? new CodedError('old_password_wrong') : error;
    }
  }

  /** What the app calls the entry. */
  private get issuer(): string {
    const { public_origin: origin } = this.config;
    return origin === undefined ? 'Tidegate' : `Tidegate ${new URL(origin).host}`;
  }

  private record(em: EntityManager, caller: SignedIn, action: string, details: Readonly<Record<string, unknown>>): Promise<void> {
    const target = { kind: 'user', id: caller.principal.userId } as const;
    return this.audit.append(em, { actor: caller.actor, action, target, address: caller.address, details });
  }
}
