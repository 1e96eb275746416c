import type { Manifest, Sha256 } from '@tidegate/contract-manifest';
import type { Verdict } from '@tidegate/contract-errors';

/** A manifest whose signature, log entry and signer were checked, and which is bound to that signer. */
export interface VerifiedManifest {
  readonly manifest: Manifest;
  /** sha256 over the signed bytes: the release's one identity. */
  readonly digest: Sha256;
  /** The certificate's SAN, for history and events. */
  readonly signer: string;
}

/** Verifies offline, with a deadline of its own, against what is compiled in. Never throws for hostile input. */
export interface ManifestVerifier {
  /**
   * Refuses with upgrade_signature_invalid, upgrade_identity_not_allowed (details.identity), upgrade_rekor_invalid,
   * upgrade_provenance_mismatch, upgrade_manifest_invalid, upgrade_device_type_mismatch.
   */
  verify(manifestBytes: Uint8Array, bundleBytes: Uint8Array): Promise<Verdict<VerifiedManifest>>;
}
