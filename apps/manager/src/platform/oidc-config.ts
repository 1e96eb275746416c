import { z } from 'zod';
import { GROUP_ROLES } from '@tidegate/contract-api';
import { line } from '@tidegate/contract-protocol';
import { reach, urlProblem } from './release-config.ts';
import { sealedText } from './secrets/secrets-config.ts';

const claimName = z.string().regex(/^[\x21-\x7e]{1,200}$/);

/** Whoever has this value in their group claim is that, from their next sign-in on. */
const roleMapEntry = z
  .strictObject({
    value: line(200).min(1),
    platform_role: z.literal('super_admin').optional(),
    /** Name of a group, and what they are in it. */
    group: line(64).min(1).optional(),
    role: z.enum(GROUP_ROLES).optional(),
  })
  .refine((entry) => (entry.group === undefined) === (entry.role === undefined), { path: ['role'] })
  .refine((entry) => (entry.platform_role === undefined) !== (entry.group === undefined), { path: ['group'] });
export type RoleMapEntry = z.infer<typeof roleMapEntry>;

/** Sign-in by an OpenID Connect provider, beside passwords. It needs public_origin, from which the redirect address is made. */
export const oidc = z
  .strictObject({
    /** Exactly as the provider writes it in its tokens. */
    issuer: z.url().max(300),
    client_id: line(200).min(1),
    /** Read anew for each sign-in, so that it can be exchanged without a restart. */
    client_secret_file: z.string().min(1).optional(),
    client_secret: sealedText.optional(),
    client_auth: z.enum(['client_secret_basic', 'client_secret_post']).default('client_secret_basic'),
    scopes: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/))
      .max(30)
      .default(['openid', 'profile', 'email'])
      .refine((scopes) => scopes.includes('openid')),
    /** On the button: Sign in with NAME. */
    name: line(60).min(1).default('single sign-on'),
    /** From which claim a new account gets its name; only with allow_create. */
    username_claim: claimName.default('preferred_username'),
    /** Claim with the groups of a person there: a text or a list of texts. */
    group_claim: claimName.default('groups'),
    role_map: z.array(roleMapEntry).max(500).default([]),
    /** Make an account for whoever the provider knows. Otherwise an administrator links accounts before their first sign-in. */
    allow_create: z.boolean().default(false),
    /** Whoever signs out here is led on to the provider's own sign-out, which has to know `PUBLIC_ORIGIN/sign-in`. */
    sign_out: z.boolean().default(false),
    /** For each request to the provider. */
    timeout_secs: z.int().min(1).max(60).default(10),
    ...reach,
  })
  .refine((provider) => !urlProblem(provider.issuer, provider), { path: ['issuer'] })
  .refine((provider) => provider.client_secret === undefined || provider.client_secret_file === undefined, { path: ['client_secret'] })
  .optional();
export type OidcConfig = NonNullable<z.infer<typeof oidc>>;
