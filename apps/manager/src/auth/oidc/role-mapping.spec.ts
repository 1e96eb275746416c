import { describe, expect, it } from '@jest/globals';
import { mappedRights, membershipChanges, type Held } from './role-mapping.ts';

const MAP = [
  { value: 'ops', group: 'plant', role: 'operator' },
  { value: 'leads', group: 'plant', role: 'admin' },
  { value: 'readers', group: 'lab', role: 'viewer' },
  { value: 'root', platform_role: 'super_admin' },
] as const;

describe('claims', () => {
  it.each([
    [['ops'], { plant: 'operator' }, false],
    [['leads', 'ops'], { plant: 'admin' }, false],
    [['ops', 'leads', 'readers'], { plant: 'admin', lab: 'viewer' }, false],
    ['readers', { lab: 'viewer' }, false],
    [['root'], {}, true],
    [['Root', 'root ', 'OPS'], {}, false],
    [[['root'], { root: true }, 1, null], {}, false],
    [{ 0: 'root' }, {}, false],
    [undefined, {}, false],
    [[], {}, false],
  ])('%j stand for %j', (claim, groups, isSuperAdmin) => {
    const rights = mappedRights(claim, MAP);
    expect([Object.fromEntries(rights.groups), rights.isSuperAdmin]).toEqual([groups, isSuperAdmin]);
  });
});

describe('memberships', () => {
  const managed = (groupId: string, role: Held['role']): Held => ({ groupId, role, source: 'oidc' });
  const manual = (groupId: string, role: Held['role']): Held => ({ groupId, role, source: 'manual' });

  it('follow the claims: begin, change and end', () => {
    const held = [managed('a', 'viewer'), managed('b', 'admin'), managed('c', 'viewer')];
    const wanted = new Map([
      ['a', 'viewer'],
      ['b', 'operator'],
      ['d', 'admin'],
    ] as const);
    expect(membershipChanges(held, wanted)).toEqual([
      { groupId: 'c', before: 'viewer', after: null },
      { groupId: 'b', before: 'admin', after: 'operator' },
      { groupId: 'd', before: null, after: 'admin' },
    ]);
  });

  it('that people made stay, whether the claims say more, less or nothing', () => {
    const held = [manual('a', 'viewer'), manual('b', 'admin'), manual('c', 'operator')];
    const wanted = new Map([
      ['a', 'admin'],
      ['b', 'viewer'],
    ] as const);
    expect(membershipChanges(held, wanted)).toEqual([]);
  });
});
