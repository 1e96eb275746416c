import type { Verdict } from '@tidegate/contract-errors';
import type { TrustAnchor } from '@tidegate/domain-trust-policy';
import type { VerifiedSigner } from './check-bundle.ts';

export { createManifestVerifier, type ManifestVerifierOptions } from './manifest-verifier.ts';
export { trustFingerprint } from './trust-fingerprint.ts';
export type { VerifiedSigner };

/**
 * Cryptography, shape and signer, in this thread and without a deadline: for tools and tests. Agents use createManifestVerifier.
 * The verifying library is loaded at the first call.
 */
export async function verifyBundle(
  manifestBytes: Uint8Array,
  bundleBytes: Uint8Array,
  anchor: TrustAnchor,
): Promise<Verdict<VerifiedSigner>> {
  const { checkBundle } = await import('./check-bundle.ts');
  return checkBundle(manifestBytes, bundleBytes, anchor);
}
