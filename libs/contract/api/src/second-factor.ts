import { z } from 'zod';
import { sessionView } from './requests.ts';

const time = z.iso.datetime();
/** Six digits of an authenticator app, which shows them in two groups. */
const code = z.string().regex(/^\d{3} ?\d{3}$/);
/** Four groups of four; case, and what is between them, do not matter. */
const recoveryCode = z.string().regex(/^([a-zA-Z2-9]{4}[ -]?){4}$/);
const proof = { code: code.optional(), recovery_code: recoveryCode.optional() };
const oneProof = (given: { code?: unknown; recovery_code?: unknown }): boolean =>
  (given.code === undefined) !== (given.recovery_code === undefined);

/** The password was right, and is not enough: `challenge` and a code go to `completeSignIn`. */
export const secondFactorChallenge = z.object({
  second_factor_required: z.literal(true),
  /** Good for one sign-in and five tries, until `expires_at`. */
  challenge: z.string(),
  expires_at: time,
});
export type SecondFactorChallenge = z.infer<typeof secondFactorChallenge>;
export const signInAnswer = z.union([sessionView, secondFactorChallenge]);
export type SignInAnswer = z.infer<typeof signInAnswer>;

/** One of `code` and `recovery_code`. */
export const completeSignIn = z.strictObject({ challenge: z.string().min(1).max(100), ...proof }).refine(oneProof, { path: ['code'] });

export const secondFactorView = z.object({
  on: z.boolean(),
  since: time.nullable(),
  recovery_codes_left: z.int(),
  /** This installation asks it of this account (`require_second_factor`). */
  required: z.boolean(),
});
export type SecondFactorView = z.infer<typeof secondFactorView>;

const password = z.string().min(1).max(256);
export const beginSecondFactor = z.strictObject({ password });
/** Shown once: for the authenticator app, as text (base32) and as the address that its QR code holds. */
export const secondFactorSecret = z.object({ secret: z.string(), uri: z.string() });
export type SecondFactorSecret = z.infer<typeof secondFactorSecret>;
export const confirmSecondFactor = z.strictObject({ code });
/** Shown once; each signs in once instead of a code. */
export const recoveryCodes = z.object({ recovery_codes: z.array(z.string()) });
export type RecoveryCodes = z.infer<typeof recoveryCodes>;
/** The password and one of `code` and `recovery_code`. */
export const removeSecondFactor = z.strictObject({ password, ...proof }).refine(oneProof, { path: ['code'] });
