import type { GroupRole, PlatformRole } from '@tidegate/contract-api';
import type { EntityManager } from 'typeorm';

export interface NamedGroup {
  readonly id: string;
  readonly name: string;
}

/**
 * Before the account is locked: whoever changes members locks a group first and a user then, and two orders would be a deadlock.
 * @returns those that there are.
 */
export const holdGroups = (em: EntityManager, names: readonly string[]): Promise<NamedGroup[]> =>
  em.query<NamedGroup[]>('SELECT id, name FROM groups WHERE name = ANY ($1::text[]) ORDER BY id FOR SHARE', [names]);

export interface SourcedMembership {
  readonly group_id: string;
  readonly role: GroupRole;
  readonly source: 'manual' | 'oidc';
}

export const membershipsOf = (em: EntityManager, userId: string): Promise<SourcedMembership[]> =>
  em.query<SourcedMembership[]>('SELECT group_id, role, source FROM memberships WHERE user_id = $1 ORDER BY group_id', [userId]);

/** Whole groups only: claims know no nodes. A membership that a person made meanwhile stays as it is. */
export const writeMapped = async (em: EntityManager, userId: string, groupId: string, role: GroupRole): Promise<void> =>
  void (await em.query(
    `INSERT INTO memberships AS m (user_id, group_id, role, source) VALUES ($1, $2, $3, 'oidc')
     ON CONFLICT (user_id, group_id) DO UPDATE SET role = $3 WHERE m.source = 'oidc'`,
    [userId, groupId, role],
  ));

export const deleteMapped = async (em: EntityManager, userId: string, groupId: string): Promise<void> =>
  void (await em.query(`DELETE FROM memberships WHERE user_id = $1 AND group_id = $2 AND source = 'oidc'`, [userId, groupId]));

/** With it the role belongs to the mapping, or, when it falls back to `user`, to people again. */
export const writeMappedRole = async (em: EntityManager, userId: string, role: PlatformRole): Promise<void> =>
  void (await em.query('UPDATE users SET role = $2, role_source = $3, revision = revision + 1 WHERE id = $1', [
    userId,
    role,
    role === 'super_admin' ? 'oidc' : 'manual',
  ]));
