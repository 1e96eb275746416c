import type { GroupRole, Principal } from './principal.ts';

/** Every act of the API with the least role that may do it in a group. super_admin may do everything everywhere. */
export const ACTIONS = {
  'session.own': 'viewer',
  'node.read': 'viewer',
  'event.read': 'viewer',
  'release.read': 'viewer',
  'upgrade.read': 'viewer',
  'node.upgrade': 'operator',
  'upgrade.cancel': 'operator',
  'registration_token.create': 'admin',
} as const satisfies Record<string, GroupRole>;
export type Action = keyof typeof ACTIONS;

/** Needs a session and nothing else: it concerns only the caller, or is the same for everybody. */
const FOR_EVERYBODY: ReadonlySet<Action> = new Set(['session.own', 'release.read']);
const RANK: Readonly<Record<GroupRole, number>> = { viewer: 1, operator: 2, admin: 3 };

/** The one predicate every route uses. `groupId` undefined asks: in any group at all? */
export function may(principal: Principal, action: Action, groupId?: string): boolean {
  if (principal.role === 'super_admin' || FOR_EVERYBODY.has(action)) return true;
  const needed = RANK[ACTIONS[action]];
  if (groupId !== undefined) return RANK[principal.memberships.get(groupId) ?? 'viewer'] >= needed && principal.memberships.has(groupId);
  return [...principal.memberships.values()].some((role) => RANK[role] >= needed);
}

/** For lists: null means every group. */
export function groupsWhere(principal: Principal, action: Action): readonly string[] | null {
  if (principal.role === 'super_admin') return null;
  return [...principal.memberships.keys()].filter((groupId) => may(principal, action, groupId));
}
