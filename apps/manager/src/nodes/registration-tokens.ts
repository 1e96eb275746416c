import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type {
  Action,
  listRegistrationTokens,
  RegistrationTokenInfo,
  RegistrationTokenPage,
  RegistrationTokenView,
} from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may, reach } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { AuditTrail } from '../audit/index.ts';
import type { SignedIn } from '../auth/index.ts';
import { CLOCK, CONFIG, Database, decodeCursor, encodeCursor, type Clock, type ManagerConfig } from '../platform/index.ts';
import { installCommand } from './install-command.ts';
import { findGroupByName, lockTokenById, markTokenRevoked, selectTokens, storeToken, type TokenInfo } from './persistence/token-records.ts';

const cursorSchema = z.strictObject({ at: z.string().max(40), id: z.uuid() });

export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Admits one node of one device type into one group, once and soon. Shown when made and never again. */
@Injectable()
export class RegistrationTokens {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ManagerConfig,
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
    const install_command = installCommand(this.config, deviceType, token);
    return { id, group: request.group, device_type: deviceType, expires_at: expiresAt.toISOString(), token, install_command };
  }

  async list(caller: SignedIn, query: z.output<typeof listRegistrationTokens>): Promise<RegistrationTokenPage> {
    const { cursor, limit, ...filter } = query;
    const after = decodeCursor(cursorSchema, cursor);
    const scope = { now: this.clock.now(), reach: reach(caller.principal, 'registration_token.read') };
    const found = await this.database.read((em) => selectTokens(em, { ...filter, ...scope, limit: limit + 1, after }));
    const items = found.slice(0, limit);
    const last = items.at(-1);
    const next = found.length > limit && last ? encodeCursor({ at: last.cursor_time, id: last.id }) : null;
    return { items: items.map(infoOf), next_cursor: next };
  }

  /** @throws CodedError registration_token_not_found, also for one of a foreign group; forbidden */
  async read(caller: SignedIn, id: string): Promise<RegistrationTokenInfo> {
    return infoOf(await this.database.read((em) => this.find(em, caller, id, 'registration_token.read')));
  }

  /** Again on a revoked one: nothing. @throws CodedError registration_token_not_found, token_used: the node it admitted is not touched */
  async revoke(caller: SignedIn, id: string): Promise<RegistrationTokenInfo> {
    return await this.database.transaction(async (em) => {
      // A node that uses it at this moment is either admitted before, or finds it revoked.
      await lockTokenById(em, id);
      const token = await this.find(em, caller, id, 'registration_token.revoke');
      if (token.state === 'used') throw new CodedError('token_used');
      if (token.revoked_at) return infoOf(token);
      await markTokenRevoked(em, id, caller.actor, this.clock.now());
      await this.audit.append(em, {
        actor: caller.actor,
        action: 'registration_token.revoke',
        target: { kind: 'registration_token', id },
        address: caller.address,
        details: { group: token.group, device_type: token.device_type },
      });
      return infoOf(await this.find(em, caller, id, 'registration_token.revoke'));
    });
  }

  private async find(em: EntityManager, caller: SignedIn, id: string, action: Action): Promise<TokenInfo> {
    const [token] = await selectTokens(em, { now: this.clock.now(), reach: null, id, limit: 1, after: null });
    if (!token || !may(caller.principal, 'group.read', { groupId: token.group_id })) throw new CodedError('registration_token_not_found');
    if (!may(caller.principal, action, { groupId: token.group_id })) throw new CodedError('forbidden');
    return token;
  }
}

const infoOf = (token: TokenInfo): RegistrationTokenInfo => ({
  id: token.id,
  group: token.group,
  device_type: token.device_type,
  state: token.state,
  created_by: token.created_by,
  created_at: token.created_at.toISOString(),
  expires_at: token.expires_at.toISOString(),
  used_at: token.used_at?.toISOString() ?? null,
  used_by_node: token.used_by_node,
  revoked_at: token.revoked_at?.toISOString() ?? null,
});
