import { GROUP_ROLES, type GroupRole } from '@tidegate/contract-api';
import type { RoleMapEntry } from '../../platform/index.ts';

/** What claims stand for here. */
export interface MappedRights {
  readonly isSuperAdmin: boolean;
  /** By name of the group. */
  readonly groups: ReadonlyMap<string, GroupRole>;
}

/** Values of a claim that is a text or a list of texts; anything else holds none. */
export function claimValues(claim: unknown): ReadonlySet<string> {
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return new Set(values.filter((value) => typeof value === 'string'));
}

/** Compared exactly. Of two entries for one group the higher role counts, in whatever order they stand. */
export function mappedRights(claim: unknown, roleMap: readonly RoleMapEntry[]): MappedRights {
  const held = claimValues(claim);
  const matching = roleMap.filter((entry) => held.has(entry.value));
  const groups = new Map<string, GroupRole>();
  for (const { group, role } of matching) {
    if (group === undefined || role === undefined) continue;
    const before = groups.get(group);
    if (before === undefined || GROUP_ROLES.indexOf(role) > GROUP_ROLES.indexOf(before)) groups.set(group, role);
  }
  return { isSuperAdmin: matching.some((entry) => entry.platform_role === 'super_admin'), groups };
}

export interface Held {
  readonly groupId: string;
  readonly role: GroupRole;
  readonly source: 'manual' | 'oidc';
}
export interface MembershipChange {
  readonly groupId: string;
  readonly before: GroupRole | null;
  readonly after: GroupRole | null;
}

/** What has to change so that the managed memberships are the mapped ones; those that people made are not touched. */
export function membershipChanges(held: readonly Held[], wanted: ReadonlyMap<string, GroupRole>): MembershipChange[] {
  const manual = new Set(held.filter(({ source }) => source === 'manual').map(({ groupId }) => groupId));
  const managed = new Map(held.filter(({ source }) => source === 'oidc').map(({ groupId, role }) => [groupId, role]));
  const ended = [...managed].filter(([groupId]) => !wanted.has(groupId)).map(([groupId, before]) => ({ groupId, before, after: null }));
  const changed = [...wanted]
    .filter(([groupId, role]) => !manual.has(groupId) && managed.get(groupId) !== role)
    .map(([groupId, after]) => ({ groupId, before: managed.get(groupId) ?? null, after }));
  return [...ended, ...changed];
}
