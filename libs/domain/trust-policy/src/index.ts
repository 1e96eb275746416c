export type { AllowedSigner, TrustAnchor } from './signer.ts';
