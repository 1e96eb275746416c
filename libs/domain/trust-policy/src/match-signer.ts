import { accept, refuse, type ErrorDetails, type Verdict } from '@tidegate/contract-errors';
import type { CertificateIdentity } from './identity.ts';
import { refFitsPattern } from './ref-pattern.ts';
import type { AllowedSigner } from './signer.ts';

type Field = keyof CertificateIdentity;

/**
 * Which compiled-in signer this is. Everything is compared exactly: sigstore-js lets its policy treat the name as an
 * unanchored pattern, with which `evil.example/https://github.com/...` matched. The ref is checked for its shape here and
 * for the version in {@link bindManifest}, because the manifest is parsed only after its signature was verified.
 *
 * Refuses with `upgrade_identity_not_allowed`; details hold the actual identity and, as `mismatch`, the fields in which
 * it differs from the nearest allowed signer.
 */
export function matchSigner(identity: CertificateIdentity, signers: readonly AllowedSigner[]): Verdict<AllowedSigner> {
  let nearest: readonly Field[] | null = null;
  for (const signer of signers) {
    const mismatch = mismatches(identity, signer);
    if (mismatch.length === 0) return accept(signer);
    if (nearest === null || mismatch.length < nearest.length) nearest = mismatch;
  }
  return refuse('upgrade_identity_not_allowed', { ...identityDetails(identity), mismatch: nearest ?? [] });
}

function mismatches(identity: CertificateIdentity, signer: AllowedSigner): Field[] {
  const ref = identity.sourceRef;
  const expectedName = ref === null ? null : `${signer.workflow}@${ref}`;
  const matches: Record<Exclude<Field, 'sourceRevision'>, boolean> = {
    san: expectedName !== null && identity.san === expectedName,
    issuer: identity.issuer === signer.issuer,
    // A reusable workflow of a third party would show here and not in .18; both must be the signer's own.
    buildSigner: expectedName !== null && identity.buildSigner === expectedName,
    buildConfig: expectedName !== null && identity.buildConfig === expectedName,
    runner: identity.runner === (signer.runner ?? 'github-hosted'),
    sourceRepository: identity.sourceRepository === signer.sourceRepository,
    sourceRef: ref !== null && refFitsPattern(signer.refPattern, ref),
    sourceRepositoryId: signer.sourceRepositoryId === undefined || identity.sourceRepositoryId === signer.sourceRepositoryId,
    sourceRepositoryOwnerId:
      signer.sourceRepositoryOwnerId === undefined || identity.sourceRepositoryOwnerId === signer.sourceRepositoryOwnerId,
    trigger: identity.trigger !== null && signer.triggers.includes(identity.trigger),
  };
  return (Object.keys(matches) as (keyof typeof matches)[]).filter((field) => !matches[field]);
}

/** Anybody can get a certificate with a name of their choice, so what goes to logs and screens is bounded and printable. */
const printable = (value: string | null): string | null => (value === null ? null : value.replace(/[^\x20-\x7e]/g, '?').slice(0, 300));

function identityDetails(identity: CertificateIdentity): ErrorDetails {
  return {
    identity: printable(identity.san),
    issuer: printable(identity.issuer),
    build_signer: printable(identity.buildSigner),
    build_config: printable(identity.buildConfig),
    source_repository: printable(identity.sourceRepository),
    source_repository_id: printable(identity.sourceRepositoryId),
    source_repository_owner_id: printable(identity.sourceRepositoryOwnerId),
    source_ref: printable(identity.sourceRef),
    source_revision: printable(identity.sourceRevision),
    runner: printable(identity.runner),
    trigger: printable(identity.trigger),
  };
}
