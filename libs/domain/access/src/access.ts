import {
  ACTIONS,
  GROUP_ROLES,
  type Action,
  type ActionRule,
  type GroupRole,
  type PlatformRole,
  type TokenScope,
} from '@tidegate/contract-api';

export interface Membership {
  readonly role: GroupRole;
  /** A membership may be limited to some nodes of its group; null means all of them. */
  readonly nodeIds: ReadonlySet<string> | null;
}

/** Who asks, with everything the predicate needs. */
export interface Principal {
  readonly userId: string;
  readonly username: string;
  readonly role: PlatformRole;
  /** Group id -> membership there. */
  readonly memberships: ReadonlyMap<string, Membership>;
  /** What an API token admits; null for a session, which is limited by its owner's roles only. */
  readonly scopes: ReadonlySet<TokenScope> | null;
}

/** What is acted on. Without a node it concerns the group as a whole, which a membership limited to some nodes only reads. */
export interface Target {
  readonly groupId: string;
  readonly nodeId?: string;
}

const rank = (role: GroupRole): number => GROUP_ROLES.indexOf(role);
const ruleOf = (action: Action): ActionRule => ACTIONS[action];

/** The one predicate every route uses. Without a target it asks: on anything at all? */
export function may(principal: Principal, action: Action, target?: Target): boolean {
  const rule = ruleOf(action);
  if (principal.scopes && !rule.scopes.some((scope) => principal.scopes?.has(scope))) return false;
  if (principal.role === 'super_admin' || rule.where === 'self' || rule.where === 'everybody') return true;
  if (rule.where === 'installation') return false;
  if (target === undefined) return [...principal.memberships.values()].some((membership) => suffices(membership, rule));
  const membership = principal.memberships.get(target.groupId);
  return membership !== undefined && suffices(membership, rule) && covers(membership, rule, target);
}

const suffices = (membership: Membership, rule: ActionRule): boolean => rule.least !== null && rank(membership.role) >= rank(rule.least);

function covers(membership: Membership, rule: ActionRule, { nodeId }: Target): boolean {
  if (membership.nodeIds === null) return true;
  return nodeId === undefined ? rule.least === 'viewer' : membership.nodeIds.has(nodeId);
}

/** For lists: which groups as a whole and which single nodes besides; null means everything. */
export interface Reach {
  readonly groupIds: readonly string[];
  readonly nodeIds: readonly string[];
}

export function reach(principal: Principal, action: Action): Reach | null {
  if (!may(principal, action)) return { groupIds: [], nodeIds: [] };
  if (principal.role === 'super_admin') return null;
  const rule = ruleOf(action);
  const able = [...principal.memberships].filter(([, membership]) => suffices(membership, rule));
  return {
    groupIds: able.filter(([, { nodeIds }]) => nodeIds === null).map(([groupId]) => groupId),
    nodeIds: able.flatMap(([, { nodeIds }]) => [...(nodeIds ?? [])]),
  };
}
