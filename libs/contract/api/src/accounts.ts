import { z } from 'zod';
import { line } from '@tidegate/contract-protocol';
import { GROUP_ROLES, PLATFORM_ROLES } from './access.ts';

const time = z.iso.datetime();
const futureTime = z.iso.datetime({ offset: true });

/** Never changes; no spaces or brackets, so that it cannot imitate the other words of an audit line. */
export const username = z
  .string()
  .max(64)
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9._@-]*$/);
export const newPassword = z.string().min(12).max(256);

export const changePassword = z.strictObject({ old_password: z.string().min(1).max(256), new_password: newPassword });

export const SIGN_IN_METHODS = ['password', 'oidc'] as const;
export type SignInMethod = (typeof SIGN_IN_METHODS)[number];

export const ownSessionView = z.object({
  id: z.uuid(),
  created_at: time,
  last_used_at: time,
  expires_at: time,
  address: z.string(),
  /** What the browser or program called itself. */
  user_agent: z.string().nullable(),
  /** How its owner signed in. */
  method: z.enum(SIGN_IN_METHODS),
  /** The one this request came with. */
  current: z.boolean(),
});
export const ownSessionList = z.object({ items: z.array(ownSessionView) });
export type OwnSessionList = z.infer<typeof ownSessionList>;

/** `expired`: a temporary user past their time; nothing of theirs works, as with `disabled`. */
export const USER_STATES = ['active', 'disabled', 'expired'] as const;

export const membershipView = z.object({
  group_id: z.uuid(),
  group: z.string(),
  role: z.enum(GROUP_ROLES),
  /** Limited to these nodes of the group; null: all of them. */
  node_ids: z.array(z.uuid()).nullable(),
});

export const userView = z.object({
  id: z.uuid(),
  username: z.string(),
  role: z.enum(PLATFORM_ROLES),
  state: z.enum(USER_STATES),
  disabled: z.boolean(),
  /** For temporary users: from then on nothing of theirs works. */
  expires_at: time.nullable(),
  /** Too many failed sign-ins; lifts by itself, or by `unlockUser`. */
  locked_until: time.nullable(),
  /** Signed in with a one-time password they can do nothing but choose their own. */
  password_change_required: z.boolean(),
  /** Signing in takes a code of an authenticator app too. */
  second_factor: z.boolean(),
  created_at: time,
  last_sign_in_at: time.nullable(),
  memberships: z.array(membershipView),
  revision: z.int(),
});
export type UserView = z.infer<typeof userView>;

export const listUsers = z.strictObject({
  /** Part of the name. */
  search: line(64).optional(),
  role: z.enum(PLATFORM_ROLES).optional(),
  state: z.enum(USER_STATES).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(500).optional(),
});
export const userPage = z.object({ items: z.array(userView), next_cursor: z.string().nullable() });
export type UserPage = z.infer<typeof userPage>;

export const createUser = z.strictObject({
  username,
  role: z.enum(PLATFORM_ROLES).default('user'),
  /** Without one the answer holds a one-time password, shown once. */
  password: newPassword.optional(),
  expires_at: futureTime.nullable().default(null),
});
export const createdUser = z.object({
  user: userView,
  /** Valid for seven days, until the user chose their own; shown once. Null when a password was given. */
  one_time_password: z.string().nullable(),
});
export type CreatedUser = z.infer<typeof createdUser>;

/** What is absent stays as it is. */
export const updateUser = z.strictObject({
  role: z.enum(PLATFORM_ROLES).optional(),
  disabled: z.boolean().optional(),
  expires_at: futureTime.nullable().optional(),
});
export const passwordReset = z.object({ one_time_password: z.string() });
export type PasswordReset = z.infer<typeof passwordReset>;
