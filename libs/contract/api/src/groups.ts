import { z } from 'zod';
import { line } from '@tidegate/contract-protocol';
import { GROUP_ROLES } from './access.ts';

const page = { limit: z.coerce.number().int().min(1).max(500).default(100), cursor: z.string().max(500).optional() };
const groupName = line(64).regex(/^\S(.*\S)?$/);

export const groupView = z.object({
  id: z.uuid(),
  name: z.string(),
  created_at: z.iso.datetime(),
  /** What the caller is there; null for a super_admin who is no member. */
  your_role: z.enum(GROUP_ROLES).nullable(),
  /** The caller's membership is limited to some nodes. */
  limited: z.boolean(),
  /** How many the caller may see. */
  nodes: z.int(),
  revision: z.int(),
});
export type GroupView = z.infer<typeof groupView>;

export const listGroups = z.strictObject({ search: line(64).optional(), ...page });
export const groupPage = z.object({ items: z.array(groupView), next_cursor: z.string().nullable() });
export type GroupPage = z.infer<typeof groupPage>;
export const createGroup = z.strictObject({ name: groupName });
export const updateGroup = z.strictObject({ name: groupName });

export const memberView = z.object({
  user_id: z.uuid(),
  username: z.string(),
  role: z.enum(GROUP_ROLES),
  /** Limited to these nodes; null: all of the group. */
  node_ids: z.array(z.uuid()).nullable(),
});
export type MemberView = z.infer<typeof memberView>;
export const listMembers = z.strictObject(page);
export const memberPage = z.object({ items: z.array(memberView), next_cursor: z.string().nullable() });
export type MemberPage = z.infer<typeof memberPage>;
export const putMember = z.strictObject({
  role: z.enum(GROUP_ROLES),
  /** Limits the membership to these nodes of the group. */
  node_ids: z.array(z.uuid()).min(1).max(500).nullable().default(null),
});
