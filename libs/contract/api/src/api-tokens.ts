import { z } from 'zod';
import { line } from '@tidegate/contract-protocol';
import { TOKEN_SCOPES } from './access.ts';

export const apiToken = z.string().regex(/^tgp_[A-Za-z0-9_-]{43}$/);

export const apiTokenView = z.object({
  id: z.uuid(),
  name: z.string(),
  scopes: z.array(z.enum(TOKEN_SCOPES)),
  /** Works in these groups only; null: wherever its owner may. */
  group_ids: z.array(z.uuid()).nullable(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  /** Coarse: five minutes late at most. */
  last_used_at: z.iso.datetime().nullable(),
});
export type ApiTokenView = z.infer<typeof apiTokenView>;
export const apiTokenList = z.object({ items: z.array(apiTokenView) });
export type ApiTokenList = z.infer<typeof apiTokenList>;

export const createApiToken = z.strictObject({
  /** Unique among the owner's; stands in the audit trail beside the owner's name. No brackets, they delimit it there. */
  name: line(64).regex(/^[^\s()]([^()]*[^\s()])?$/),
  scopes: z.array(z.enum(TOKEN_SCOPES)).min(1).max(TOKEN_SCOPES.length),
  ttl_days: z.int().min(1).max(365).default(90),
  group_ids: z.array(z.uuid()).min(1).max(100).nullable().default(null),
});
export const createdApiToken = z.object({
  ...apiTokenView.shape,
  /** Goes into `Authorization: Bearer`; shown once. */
  token: apiToken,
});
export type CreatedApiToken = z.infer<typeof createdApiToken>;
