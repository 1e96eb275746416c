import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { RegistrationTokenView } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may } from '@tidegate/domain-access';
import { AuditTrail } from '../audit/index.ts';
import type { SignedIn } from '../auth/index.ts';
import { CLOCK, Database, type Clock } from '../platform/index.ts';
import { findGroupByName, storeToken } from './persistence/token-records.ts';

export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Admits one node of one device type into one group, once and soon. Shown when made and never again. */
@Injectable()
export class RegistrationTokens {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws CodedError forbidden, also for a group that does not exist: which groups there are is not told. */
  async create(caller: SignedIn, request: { group: string; device_type: string; ttl_secs: number }): Promise<RegistrationTokenView> {
    const token = `tgr_${randomBytes(32).toString('base64url')}`;
    const id = randomUUID();
    const now = this.clock.now();
    const expiresAt = new Date(now.getTime() + request.ttl_secs * 1000);
    const deviceType = request.device_type;
    await this.database.transaction(async (em) => {
      const groupId = await findGroupByName(em, request.group);
      if (!groupId || !may(caller.principal, 'registration_token.create', { groupId })) throw new CodedError('forbidden');
      const createdBy = caller.actor;
      await storeToken(em, { id, tokenHash: hashToken(token), groupId, deviceType, createdBy, createdAt: now, expiresAt });
      await this.audit.append(em, {
        actor: createdBy,
        action: 'registration_token.create',
        target: { kind: 'registration_token', id },
        address: caller.address,
        details: { group: request.group, device_type: deviceType, ttl_secs: request.ttl_secs },
      });
    });
    return { id, group: request.group, device_type: deviceType, expires_at: expiresAt.toISOString(), token };
  }
}
