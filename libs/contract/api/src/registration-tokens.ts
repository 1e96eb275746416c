import { z } from 'zod';
import { deviceType } from '@tidegate/contract-manifest';
import { line } from '@tidegate/contract-protocol';

const time = z.iso.datetime();

export const createRegistrationToken = z.strictObject({
  group: line(64).min(1).default('default'),
  device_type: deviceType,
  ttl_secs: z
    .int()
    .min(60)
    .max(7 * 86_400)
    .default(3600),
});

export const registrationTokenState = z.enum(['open', 'used', 'expired', 'revoked']);
/** Admits one node of one device type into one group, once. The token itself is kept as a hash and never shown again. */
export const registrationTokenInfo = z.object({
  id: z.uuid(),
  group: z.string(),
  device_type: z.string(),
  state: registrationTokenState,
  created_by: z.string(),
  created_at: time,
  expires_at: time,
  used_at: time.nullable(),
  /** The node it admitted; null also when that node is of a group the caller may not see. */
  used_by_node: z.uuid().nullable(),
  revoked_at: time.nullable(),
});
export type RegistrationTokenInfo = z.infer<typeof registrationTokenInfo>;

export const registrationTokenView = z.object({
  id: z.uuid(),
  group: z.string(),
  device_type: z.string(),
  expires_at: time,
  /** Shown once, in the answer to its creation. */
  token: z.string(),
  /** To be run as root on a node on which the agent is installed: where to connect, and this token. Shown once, too. */
  install_command: z.string(),
});
export type RegistrationTokenView = z.infer<typeof registrationTokenView>;

export const listRegistrationTokens = z.strictObject({
  group: line(64).optional(),
  device_type: deviceType.optional(),
  state: registrationTokenState.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(500).optional(),
});
export const registrationTokenPage = z.object({ items: z.array(registrationTokenInfo), next_cursor: z.string().nullable() });
export type RegistrationTokenPage = z.infer<typeof registrationTokenPage>;
