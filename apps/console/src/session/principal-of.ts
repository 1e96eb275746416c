import type { SessionView } from '@tidegate/contract-api';
import type { Principal } from '@tidegate/domain-access';

/** Who is signed in, as the predicate knows them: the console offers exactly what the manager would not refuse. */
export const principalOf = ({ user, memberships }: SessionView): Principal => ({
  userId: user.id,
  username: user.username,
  role: user.role,
  memberships: new Map(
    memberships.map(({ group_id: groupId, role, node_ids: nodeIds }) => [groupId, { role, nodeIds: nodeIds && new Set(nodeIds) }]),
  ),
  scopes: null,
});
