import type { UserView } from '@tidegate/contract-api';
import type { UserRow } from '../persistence/user-records.ts';

function stateOf(row: UserRow, now: Date): UserView['state'] {
  if (row.disabled_at) return 'disabled';
  return row.expires_at && row.expires_at <= now ? 'expired' : 'active';
}

export const viewOfUser = (row: UserRow, now: Date): UserView => ({
  id: row.id,
  username: row.username,
  role: row.role,
  state: stateOf(row, now),
  disabled: row.disabled_at !== null,
  expires_at: row.expires_at?.toISOString() ?? null,
  locked_until: row.locked_until && row.locked_until > now ? row.locked_until.toISOString() : null,
  password_change_required: row.one_time_until !== null,
  second_factor: row.second_factor,
  created_at: row.created_at.toISOString(),
  last_sign_in_at: row.last_sign_in_at?.toISOString() ?? null,
  memberships: row.memberships,
  revision: row.revision,
});
