import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { username as usernameShape, type GroupRole } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import type { EntityManager } from 'typeorm';
import { AuditTrail } from '../../audit/index.ts';
import { CLOCK, Database, LOG, type Clock, type Log, type OidcConfig } from '../../platform/index.ts';
import { Credentials } from '../credentials.ts';
import { findOwner, insertIdentity, useIdentity, type LinkedUser } from '../persistence/identity-records.ts';
import { deleteMapped, holdGroups, membershipsOf, writeMapped, writeMappedRole } from '../persistence/mapped-rights.ts';
import { endSessionsOf } from '../persistence/session-records.ts';
import { insertUser, lockLastingSuperAdmins } from '../persistence/user-records.ts';
import { mappedRights, membershipChanges, type MappedRights } from './role-mapping.ts';
import type { ProvenIdentity } from './oidc-provider.ts';

/** From a proven identity to an account of ours, with the rights that its claims stand for. */
@Injectable()
export class MappedAccounts {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly credentials: Credentials,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /**
   * The account of an identity that nobody has linked is made here where that is allowed, and never looked for by name.
   * @throws CodedError oidc_account_unknown, oidc_user_name_unusable
   */
  async ensureAccount({ issuer, subject, claims }: ProvenIdentity, settings: OidcConfig, address: string): Promise<void> {
    if (await this.database.read((em) => findOwner(em, issuer, subject))) return;
    if (!settings.allow_create) throw new CodedError('oidc_account_unknown');
    const username = usernameShape.safeParse(claims[settings.username_claim]);
    if (!username.success) throw new CodedError('oidc_user_name_unusable');
    // Nobody knows it: a password is set by an administrator's reset, if ever.
    const passwordHash = await this.credentials.hash(randomBytes(32).toString('base64url'), address);
    const now = this.clock.now();
    await this.database.transaction(async (em) => {
      const user = { username: username.data, passwordHash, role: 'user', expiresAt: null, oneTimeUntil: null } as const;
      const userId = await insertUser(em, user, now);
      if (userId === null) throw new CodedError('oidc_user_name_unusable');
      if (!(await insertIdentity(em, { userId, issuer, subject }, now))) throw new CodedError('oidc_identity_taken');
      const details = { username: username.data, role: 'user', method: 'oidc', issuer, subject };
      await this.audit.append(em, { actor: username.data, action: 'user.create', target: { kind: 'user', id: userId }, address, details });
    });
  }

  /**
   * In the transaction that opens the session: what the claims no longer say is gone before anything can be done with it.
   * @throws CodedError oidc_account_unknown, account_disabled, account_expired
   */
  async resume(em: EntityManager, identity: ProvenIdentity, settings: OidcConfig, address: string): Promise<LinkedUser> {
    const { issuer, subject, claims } = identity;
    const rights = mappedRights(claims[settings.group_claim], settings.role_map);
    const groups = await holdGroups(em, [...new Set(settings.role_map.flatMap(({ group }) => group ?? []))]);
    const lasting = await lockLastingSuperAdmins(em);
    const user = await useIdentity(em, issuer, subject, this.clock.now());
    if (!user) throw new CodedError('oidc_account_unknown');
    if (user.disabled_at) throw new CodedError('account_disabled');
    if (user.expires_at && user.expires_at <= this.clock.now()) throw new CodedError('account_expired');
    await this.mapRole(em, user, rights, lasting, address);
    await this.mapGroups(em, user, rights, groups, address);
    return user;
  }

  private async mapRole(
    em: EntityManager,
    user: LinkedUser,
    { isSuperAdmin }: MappedRights,
    lasting: readonly string[],
    address: string,
  ): Promise<void> {
    const after = isSuperAdmin ? 'super_admin' : 'user';
    const isManaged = user.role === 'user' || user.role_source === 'oidc';
    if (user.role === after || !isManaged) return;
    // The last one stays: an installation that nobody can put right any more helps no one.
    if (after === 'user' && lasting.length === 1 && lasting[0] === user.id) {
      this.log.warn({ username: user.username }, 'the claims no longer say super_admin, but this is the last one: the role stays');
      return;
    }
    await writeMappedRole(em, user.id, after);
    const ended = await endSessionsOf(em, user.id);
    await this.record(em, user, 'user.update', { kind: 'user', id: user.id }, address, {
      before: { role: user.role },
      after: { role: after },
      sessions_ended: ended,
    });
  }

  private async mapGroups(
    em: EntityManager,
    user: LinkedUser,
    rights: MappedRights,
    groups: readonly { id: string; name: string }[],
    address: string,
  ): Promise<void> {
    const held = (await membershipsOf(em, user.id)).map((row) => ({ groupId: row.group_id, role: row.role, source: row.source }));
    const wanted = new Map(
      groups.flatMap(({ id, name }): [string, GroupRole][] => {
        const role = rights.groups.get(name);
        return role === undefined ? [] : [[id, role]];
      }),
    );
    const missing = [...rights.groups.keys()].filter((name) => !groups.some((group) => group.name === name));
    if (missing.length > 0) this.log.warn({ groups: missing }, 'oidc.role_map names groups that are not there');
    for (const { groupId, before, after } of membershipChanges(held, wanted)) {
      if (after === null) await deleteMapped(em, user.id, groupId);
      else await writeMapped(em, user.id, groupId, after);
      const action = after === null ? 'group.member.remove' : 'group.member.put';
      await this.record(em, user, action, { kind: 'group', id: groupId }, address, {
        before: before && { role: before, node_ids: null },
        after: after && { role: after, node_ids: null },
      });
    }
  }

  private record(
    em: EntityManager,
    { username }: LinkedUser,
    action: string,
    target: { kind: 'user' | 'group'; id: string },
    address: string,
    details: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    // Nobody decided this but the provider's claims and the configuration.
    return this.audit.append(em, { actor: 'system', action, target, address, details: { username, from: 'oidc', ...details } });
  }
}
