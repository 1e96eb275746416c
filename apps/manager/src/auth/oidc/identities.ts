import { Inject, Injectable } from '@nestjs/common';
import type { IdentityList, IdentityView, linkIdentity } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { AuditTrail } from '../../audit/index.ts';
import { ChangeFeed, CLOCK, Database, type Clock } from '../../platform/index.ts';
import type { SignedIn } from '../access-rule.ts';
import * as records from '../persistence/identity-records.ts';
import { endSessionsBy } from '../persistence/session-records.ts';
import { lockUser } from '../persistence/user-records.ts';
import { OidcProvider } from './oidc-provider.ts';

/** Which account stands for whom at the provider, as a super_admin manages it; the route's rule has been checked. */
@Injectable()
export class Identities {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly provider: OidcProvider,
    private readonly changes: ChangeFeed,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws CodedError user_not_found */
  async listOf(userId: string): Promise<IdentityList> {
    const rows = await this.database.transaction(async (em) => {
      await this.nameOf(em, userId);
      return await records.listIdentitiesOf(em, userId);
    });
    return { items: rows.map(viewOf) };
  }

  /** @throws CodedError user_not_found, oidc_identity_taken; oidc_not_configured without an issuer */
  async link(caller: SignedIn, userId: string, request: z.output<typeof linkIdentity>): Promise<IdentityView> {
    const { subject, issuer = this.provider.settings.issuer } = request;
    const linked = await this.database.transaction(async (em) => {
      const username = await this.nameOf(em, userId);
      const row = await records.insertIdentity(em, { userId, issuer, subject }, this.clock.now());
      if (!row) throw new CodedError('oidc_identity_taken');
      await this.record(em, caller, 'user.identity_link', userId, { username, issuer, subject });
      return row;
    });
    return viewOf(linked);
  }

  /** Sessions that a provider opened end with it: they may have come by this identity. @throws CodedError user_not_found, oidc_identity_not_found */
  async unlink(caller: SignedIn, userId: string, id: string): Promise<void> {
    await this.database.transaction(async (em) => {
      const username = await this.nameOf(em, userId);
      const row = await records.deleteIdentity(em, userId, id);
      if (!row) throw new CodedError('oidc_identity_not_found');
      const ended = await endSessionsBy(em, userId, 'oidc');
      const { issuer, subject } = row;
      await this.record(em, caller, 'user.identity_unlink', userId, { username, issuer, subject, sessions_ended: ended });
    });
    this.changes.emit('access', userId);
  }

  private async nameOf(em: EntityManager, userId: string): Promise<string> {
    const user = await lockUser(em, userId);
    if (!user) throw new CodedError('user_not_found');
    return user.username;
  }

  private record(
    em: EntityManager,
    caller: SignedIn,
    action: string,
    id: string,
    details: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    return this.audit.append(em, { actor: caller.actor, action, target: { kind: 'user', id }, address: caller.address, details });
  }
}

const viewOf = (row: records.IdentityRow): IdentityView => ({
  id: row.id,
  issuer: row.issuer,
  subject: row.subject,
  created_at: row.created_at.toISOString(),
  last_used_at: row.last_used_at?.toISOString() ?? null,
});
