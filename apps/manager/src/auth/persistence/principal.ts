import type { GroupRole, PlatformRole, TokenScope } from '@tidegate/contract-api';
import type { Membership, Principal } from '@tidegate/domain-access';

/**
 * Memberships of user `u` as one jsonb, for the one statement that resumes a session or a token. Of a limited membership the
 * nodes count that are in its group now: one that was moved away takes nobody's rights along.
 */
export const MEMBERSHIPS = `(
  SELECT jsonb_object_agg(m.group_id, jsonb_build_object('role', m.role, 'node_ids', CASE WHEN m.limited THEN (
    SELECT coalesce(jsonb_agg(mn.node_id), '[]') FROM membership_nodes mn JOIN nodes n ON n.id = mn.node_id AND n.group_id = mn.group_id
     WHERE mn.user_id = m.user_id AND mn.group_id = m.group_id) END))
    FROM memberships m WHERE m.user_id = u.id)`;

/** `u` may act at all; $2 is now. */
export const ACTIVE = 'u.disabled_at IS NULL AND (u.expires_at IS NULL OR u.expires_at > $2)';

export interface PrincipalRow {
  readonly user_id: string;
  readonly username: string;
  readonly role: PlatformRole;
  readonly memberships: Record<string, { role: GroupRole; node_ids: string[] | null }> | null;
}

const membershipsOf = (row: PrincipalRow): Map<string, Membership> =>
  new Map(
    Object.entries(row.memberships ?? {}).map(([groupId, { role, node_ids: nodeIds }]) => [
      groupId,
      { role, nodeIds: nodeIds && new Set(nodeIds) },
    ]),
  );

export const principalOf = (row: PrincipalRow): Principal => ({
  userId: row.user_id,
  username: row.username,
  role: row.role,
  memberships: membershipsOf(row),
  scopes: null,
});

/**
 * What a token may: its owner's rights, less what its scopes and groups leave out. One limited to groups is nobody on the
 * platform, even where its owner is super_admin; such an owner counts as admin of each.
 */
export function tokenPrincipalOf(row: PrincipalRow, scopes: readonly TokenScope[], groupIds: readonly string[] | null): Principal {
  const owner = { ...principalOf(row), scopes: new Set(scopes) };
  if (groupIds === null) return owner;
  const inGroup = (groupId: string): Membership | undefined =>
    owner.role === 'super_admin' ? { role: 'admin', nodeIds: null } : owner.memberships.get(groupId);
  const memberships = groupIds.flatMap((groupId): [string, Membership][] => {
    const membership = inGroup(groupId);
    return membership ? [[groupId, membership]] : [];
  });
  return { ...owner, role: 'user', memberships: new Map(memberships) };
}
