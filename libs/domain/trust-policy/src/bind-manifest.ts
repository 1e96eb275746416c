import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import type { DeviceType, Manifest } from '@tidegate/contract-manifest';
import type { CertificateIdentity } from './identity.ts';
import { refOfVersion } from './ref-pattern.ts';
import type { AllowedSigner } from './signer.ts';

/**
 * Ties what the manifest says about itself to what the certificate authority saw: a true signature over a manifest that
 * claims another version, commit or product is no release.
 *
 * Refuses with `upgrade_provenance_mismatch` (details: field, manifest, certificate) or `upgrade_device_type_mismatch`.
 */
export function bindManifest(
  manifest: Manifest,
  identity: CertificateIdentity,
  signer: AllowedSigner,
  own: { readonly deviceType: DeviceType },
): Verdict<void> {
  // A signer of one product may not speak for another, even when both products trust the same workflow host.
  if (manifest.device_type !== own.deviceType || !signer.deviceTypes.includes(manifest.device_type)) {
    return refuse('upgrade_device_type_mismatch', {
      manifest: manifest.device_type,
      expected: own.deviceType,
      signer: signer.name,
    });
  }
  const ref = refOfVersion(signer.refPattern, manifest.version);
  const claims: readonly (readonly [field: string, claimed: string, attested: string | null])[] = [
    ['source_ref', ref, identity.sourceRef],
    ['san', `${signer.workflow}@${ref}`, identity.san],
    ['source_repository', manifest.source.repository, identity.sourceRepository],
    ['source_revision', manifest.source.revision, identity.sourceRevision],
  ];
  for (const [field, claimed, attested] of claims) {
    if (claimed !== attested) return refuse('upgrade_provenance_mismatch', { field, manifest: claimed, certificate: attested });
  }
  return accept(undefined);
}
