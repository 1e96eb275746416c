import { createHash } from 'node:crypto';
import { sha256, type Sha256 } from '@tidegate/contract-manifest';
import { trustFingerprintText, type TrustAnchor } from '@tidegate/domain-trust-policy';

/** sha256 over allowlist and trusted root, as every beat reports it: the console shows nodes whose trust differs. */
export const trustFingerprint = (anchor: TrustAnchor): Sha256 =>
  sha256.parse(createHash('sha256').update(trustFingerprintText(anchor)).digest('hex'));
