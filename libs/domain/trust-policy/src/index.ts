export { bindManifest } from './bind-manifest.ts';
export { IDENTITY_OIDS, type CertificateIdentity } from './identity.ts';
export { matchSigner } from './match-signer.ts';
export type { AllowedSigner, TrustAnchor } from './signer.ts';
export { trustAnchorProblems, trustedRootProblems, trustFingerprintText } from './trust-anchor.ts';
