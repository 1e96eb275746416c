import { trustFingerprint } from '@tidegate/adapter-sigstore';
import { TRUST_ANCHOR } from './trust/anchor.ts';

/** Of what this build trusts. A build puts the two values in place of this module. */
export const TRUST_PURPOSE = TRUST_ANCHOR.purpose;
export const TRUST_FINGERPRINT = trustFingerprint(TRUST_ANCHOR);
