import { describe, expect, it } from '@jest/globals';
import { sessionView } from '@tidegate/contract-api';
import { may } from '@tidegate/domain-access';
import { uuid } from '../testing/views.ts';
import { principalOf } from './principal-of.ts';

const signedInAs = (role: string, memberships: object[] = []) =>
  principalOf(
    sessionView.parse({
      user: { id: uuid(1), username: 'ann', role },
      memberships,
      via: 'session',
      password_change_required: false,
      second_factor_setup_required: false,
      csrf_token: 'c',
      expires_at: '2026-03-01T12:00:00.000Z',
    }),
  );

describe('what the console offers', () => {
  it('is for an operator of one node of a group that node alone', () => {
    const ann = signedInAs('user', [{ group_id: uuid(2), role: 'operator', node_ids: [uuid(3)] }]);
    expect(may(ann, 'node.upgrade', { groupId: uuid(2), nodeId: uuid(3) })).toBe(true);
    expect(may(ann, 'node.upgrade', { groupId: uuid(2), nodeId: uuid(4) })).toBe(false);
    expect([may(ann, 'user.read'), may(ann, 'audit.read'), may(ann, 'account.own')]).toEqual([false, false, true]);
  });

  it('is everything for a super_admin without memberships', () => {
    expect(may(signedInAs('super_admin'), 'node.remove', { groupId: uuid(9), nodeId: uuid(3) })).toBe(true);
  });
});
