import { describe, expect, it } from '@jest/globals';
import { ACTIONS, GROUP_ROLES, TOKEN_SCOPES, type Action, type GroupRole } from '@tidegate/contract-api';
import { may, reach, type Principal } from './access.ts';

const OWN = 'group-own';
const FOREIGN = 'group-foreign';
const member = (role: GroupRole, nodeIds: string[] | null = null): Principal => ({
  userId: 'u',
  username: 'user',
  role: 'user',
  memberships: new Map([[OWN, { role, nodeIds: nodeIds && new Set(nodeIds) }]]),
  scopes: null,
});
const nobody: Principal = { ...member('viewer'), memberships: new Map() };
const root: Principal = { ...nobody, role: 'super_admin' };
const all = Object.keys(ACTIONS) as Action[];
const ofGroups = all.filter((action) => ACTIONS[action].where === 'group');

describe('may', () => {
  it.each(ofGroups)('%s needs its least role in the very group', (action) => {
    const least = GROUP_ROLES.indexOf(ACTIONS[action].least as GroupRole);
    for (const [rank, role] of GROUP_ROLES.entries()) {
      expect(may(member(role), action, { groupId: OWN })).toBe(rank >= least);
      expect(may(member(role), action)).toBe(rank >= least);
      expect(may(member(role), action, { groupId: FOREIGN })).toBe(false);
    }
    expect(may(nobody, action)).toBe(false);
    expect(may(root, action, { groupId: FOREIGN })).toBe(true);
  });

  it.each(all.filter((action) => ACTIONS[action].where === 'installation'))('%s is for a super_admin alone', (action) => {
    expect(may(member('admin'), action)).toBe(false);
    expect(may(root, action)).toBe(true);
  });

  it('lets a membership limited to some nodes act on those alone, and read its group', () => {
    const limited = member('operator', ['n1']);
    expect(may(limited, 'node.upgrade', { groupId: OWN, nodeId: 'n1' })).toBe(true);
    expect(may(limited, 'node.upgrade', { groupId: OWN, nodeId: 'n2' })).toBe(false);
    expect(may(limited, 'node.upgrade', { groupId: OWN })).toBe(false);
    expect(may(limited, 'group.read', { groupId: OWN })).toBe(true);
    expect(may(member('admin', ['n1']), 'member.manage', { groupId: OWN })).toBe(false);
  });

  it.each(all)('%s is open to a token of its scopes only, even of a super_admin', (action) => {
    for (const scope of TOKEN_SCOPES) {
      const admitted = (ACTIONS[action].scopes as readonly string[]).includes(scope);
      expect(may({ ...root, scopes: new Set([scope]) }, action)).toBe(admitted);
    }
  });
});

describe('reach', () => {
  it('names whole groups and single nodes', () => {
    expect(reach(root, 'node.read')).toBeNull();
    expect(reach(member('viewer'), 'node.read')).toEqual({ groupIds: [OWN], nodeIds: [] });
    expect(reach(member('viewer', ['n1', 'n2']), 'node.read')).toEqual({ groupIds: [], nodeIds: ['n1', 'n2'] });
    expect(reach(member('viewer'), 'node.upgrade')).toEqual({ groupIds: [], nodeIds: [] });
    expect(reach({ ...root, scopes: new Set(['siem']) }, 'node.read')).toEqual({ groupIds: [], nodeIds: [] });
  });
});
