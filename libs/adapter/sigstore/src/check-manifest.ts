import { createHash } from 'node:crypto';
import { accept, type Verdict } from '@tidegate/contract-errors';
import { parseManifest, sha256, type DeviceType } from '@tidegate/contract-manifest';
import { bindManifest, type TrustAnchor } from '@tidegate/domain-trust-policy';
import type { VerifiedManifest } from '@tidegate/engine-upgrade';
import { checkBundle } from './check-bundle.ts';

/** Everything one verification needs; also what is handed to the worker. */
export interface VerificationRequest {
  readonly manifestBytes: Uint8Array;
  readonly bundleBytes: Uint8Array;
  readonly anchor: TrustAnchor;
  readonly deviceType: DeviceType;
}

/** Signature over the raw bytes first, then one parse, then the binding of what they say. Codes as in ManifestVerifier. */
export function checkManifest({ manifestBytes, bundleBytes, anchor, deviceType }: VerificationRequest): Verdict<VerifiedManifest> {
  const checked = checkBundle(manifestBytes, bundleBytes, anchor);
  if (!checked.ok) return checked;
  const { identity, signer } = checked.value;
  const parsed = parseManifest(manifestBytes);
  if (!parsed.ok) return parsed;
  const bound = bindManifest(parsed.value, identity, signer, { deviceType });
  if (!bound.ok) return bound;
  const digest = sha256.parse(createHash('sha256').update(manifestBytes).digest('hex'));
  return accept({ manifest: parsed.value, digest, signer: identity.san });
}
