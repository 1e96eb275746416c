import { trustFingerprint } from '@tidegate/adapter-sigstore';
import { TRUST_ANCHOR } from './trust/anchor.ts';

export const TRUST_PURPOSE = TRUST_ANCHOR.purpose;
export const TRUST_FINGERPRINT = trustFingerprint(TRUST_ANCHOR);
