import { z } from 'zod';
import { line } from '@tidegate/contract-protocol';

const time = z.iso.datetime();

/** What the sign-in page offers. Passwords always work: they are the way in while the provider is away. */
export const signInMethods = z.object({
  /** The OpenID Connect provider, by the name on its button; null when there is none. */
  oidc: z
    .object({
      name: z.string(),
      /** Signing out here leads on to the provider's own sign-out. */
      signs_out: z.boolean(),
    })
    .nullable(),
});
export type SignInMethods = z.infer<typeof signInMethods>;

/** Path of the console to come back to; anything else leads to its first page. */
export const startOidc = z.strictObject({ from: z.string().max(2000).optional() });

/** Who somebody is at a provider. It stands for one account, and never changes. */
export const identityView = z.object({
  id: z.uuid(),
  issuer: z.string(),
  subject: z.string(),
  created_at: time,
  last_used_at: time.nullable(),
});
export type IdentityView = z.infer<typeof identityView>;
export const identityList = z.object({ items: z.array(identityView) });
export type IdentityList = z.infer<typeof identityList>;

export const linkIdentity = z.strictObject({
  /** As the provider writes it in its tokens; without one, the provider of this manager. */
  issuer: z.url().max(300).optional(),
  /** `sub` of the provider's tokens; the audit trail has it after a refused sign-in. */
  subject: line(255).min(1),
});
