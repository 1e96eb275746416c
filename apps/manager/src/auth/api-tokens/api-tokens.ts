import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ApiTokenList, ApiTokenView, CreatedApiToken, createApiToken } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { AuditTrail } from '../../audit/index.ts';
import { ChangeFeed, CLOCK, Database, type Clock } from '../../platform/index.ts';
import type { Identity, SignedIn } from '../access-rule.ts';
import * as records from '../persistence/api-token-records.ts';
import { countGroups } from '../persistence/group-records.ts';
import { hashOf, isSecret, newSecret } from '../session-secret.ts';

const PREFIX = 'tgp_';
const DAY_MS = 86_400_000;
const NOTE_USE_EVERY_MS = 5 * 60_000;
const MAX_PER_USER = 100;

/** For the CLI and automation: what its owner may, less what its scopes and groups leave out, until it expires or is revoked. */
@Injectable()
export class ApiTokens {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly changes: ChangeFeed,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws CodedError api_token_invalid also when its owner is disabled, expired or gone; api_token_expired */
  async resume(token: string): Promise<Identity> {
    const secret = token.startsWith(PREFIX) ? token.slice(PREFIX.length) : '';
    if (!isSecret(secret)) throw new CodedError('api_token_invalid');
    const now = this.clock.now();
    const notedBefore = new Date(now.getTime() - NOTE_USE_EVERY_MS);
    const found = await this.database.read((em) => records.resumeToken(em, hashOf(secret), now, notedBefore));
    if (!found) throw new CodedError('api_token_invalid');
    if (found.expiresAt <= now) throw new CodedError('api_token_expired');
    return found;
  }

  async listOf(userId: string): Promise<ApiTokenList> {
    const rows = await this.database.read((em) => records.listTokensOf(em, userId));
    return { items: rows.map(viewOfToken) };
  }

  /** @throws CodedError group_not_found for a group the owner has no part in, api_token_name_taken, api_token_limit_reached */
  async create(caller: SignedIn, request: z.output<typeof createApiToken>): Promise<CreatedApiToken> {
    const secret = newSecret();
    const now = this.clock.now();
    const { userId } = caller.principal;
    const scopes = [...new Set(request.scopes)];
    const groupIds = request.group_ids && [...new Set(request.group_ids)];
    const expiresAt = new Date(now.getTime() + request.ttl_days * DAY_MS);
    const created = await this.database.transaction(async (em) => {
      if (groupIds) await refuseForeign(em, caller, groupIds);
      if ((await records.countTokensOf(em, userId)) >= MAX_PER_USER) throw new CodedError('api_token_limit_reached');
      const token = {
        id: randomUUID(),
        tokenHash: hashOf(secret),
        userId,
        name: request.name,
        scopes,
        groupIds,
        createdAt: now,
        expiresAt,
      };
      const row = await records.insertToken(em, token);
      if (!row) throw new CodedError('api_token_name_taken');
      const details = { name: request.name, scopes, group_ids: groupIds, expires_at: expiresAt.toISOString() };
      await this.record(em, caller, 'api_token.create', row.id, details);
      return row;
    });
    return { ...viewOfToken(created), token: `${PREFIX}${secret}` };
  }

  /** @throws CodedError api_token_not_found also for another user's */
  async revoke(caller: SignedIn, userId: string, id: string): Promise<void> {
    await this.database.transaction(async (em) => {
      const name = await records.deleteToken(em, userId, id);
      if (name === null) throw new CodedError('api_token_not_found');
      await this.record(em, caller, 'api_token.revoke', id, { name, user_id: userId });
    });
    this.changes.emit('access', userId);
  }

  private record(
    em: EntityManager,
    caller: SignedIn,
    action: string,
    id: string,
    details: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    return this.audit.append(em, { actor: caller.actor, action, target: { kind: 'api_token', id }, address: caller.address, details });
  }
}

async function refuseForeign(em: EntityManager, { principal }: SignedIn, groupIds: readonly string[]): Promise<void> {
  const known =
    principal.role === 'super_admin'
      ? (await countGroups(em, groupIds)) === groupIds.length
      : groupIds.every((groupId) => principal.memberships.has(groupId));
  if (!known) throw new CodedError('group_not_found');
}

const viewOfToken = (row: records.ApiTokenRow): ApiTokenView => ({
  id: row.id,
  name: row.name,
  scopes: row.scopes,
  group_ids: row.group_ids,
  created_at: row.created_at.toISOString(),
  expires_at: row.expires_at.toISOString(),
  last_used_at: row.last_used_at?.toISOString() ?? null,
});
