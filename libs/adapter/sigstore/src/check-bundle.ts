import { createHash, X509Certificate } from 'node:crypto';
import { ValidationError } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, VerificationError, Verifier } from '@sigstore/verify';
import { accept, refuse, type Refusal, type Verdict } from '@tidegate/contract-errors';
import { LIMITS } from '@tidegate/contract-manifest';
import { matchSigner, type AllowedSigner, type CertificateIdentity, type TrustAnchor } from '@tidegate/domain-trust-policy';
import { shapeBundle } from './bundle-shape.ts';
import { identityOf, type CertificateExtension } from './certificate-identity.ts';
import { certificateInLogEntry } from './log-entry-certificate.ts';

export interface VerifiedSigner {
  readonly identity: CertificateIdentity;
  readonly signer: AllowedSigner;
}

const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
const THRESHOLDS = { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 1 };

/**
 * Cryptography, shape and signer of a signature over raw bytes; what the bytes say is not looked at. No network, no disk,
 * no clock: certificates are judged at the time the log or a timestamp authority attests. Never throws.
 * Refuses with `upgrade_signature_invalid`, `upgrade_rekor_invalid` or `upgrade_identity_not_allowed`.
 */
export function checkBundle(signedBytes: Uint8Array, bundleBytes: Uint8Array, anchor: TrustAnchor): Verdict<VerifiedSigner> {
  try {
    return checkOrThrow(signedBytes, bundleBytes, anchor);
  } catch (error) {
    return refusalOf(error);
  }
}

function checkOrThrow(signedBytes: Uint8Array, bundleBytes: Uint8Array, anchor: TrustAnchor): Verdict<VerifiedSigner> {
  if (signedBytes.length > LIMITS.manifestBytes) return refuse('upgrade_signature_invalid', { reason: 'signed_bytes_too_large' });
  const shaped = shapeBundle(bundleBytes);
  if (!shaped.ok) return shaped;
  const { bundle, leaf, entry, messageDigest } = shaped.value;

  const bytes = Buffer.from(signedBytes.buffer, signedBytes.byteOffset, signedBytes.byteLength);
  // The library takes the bundle's word for this digest; the log entry is compared with it, not with the bytes.
  if (!createHash('sha256').update(bytes).digest().equals(messageDigest)) {
    return refuse('upgrade_signature_invalid', { reason: 'digest_differs' });
  }
  const logged = certificateInLogEntry(entry.canonicalizedBody, entry.kindVersion.version);
  if (logged === null || !logged.equals(leaf)) return refuse('upgrade_rekor_invalid', { reason: 'entry_certificate_differs' });
  const certificate = new X509Certificate(leaf);
  if (certificate.ca || !certificate.keyUsage?.includes(CODE_SIGNING)) {
    return refuse('upgrade_signature_invalid', { reason: 'certificate_usage' });
  }

  const material = toTrustMaterial(TrustedRoot.fromJSON(anchor.trustedRoot));
  const verified = new Verifier(material, THRESHOLDS).verify(toSignedEntity(bundle, bytes));
  const identity = identityOf((verified.identity?.oids ?? []).map(toExtension));
  if (!identity.ok) return identity;
  const signer = matchSigner(identity.value, anchor.signers);
  return signer.ok ? accept({ identity: identity.value, signer: signer.value }) : signer;
}

const toExtension = ({ oid, value }: { oid?: { id: number[] } | undefined; value: Uint8Array }): CertificateExtension => ({
  oid: (oid?.id ?? []).join('.'),
  value,
});

/**
 * Any exception, of any type, is a refusal: the library throws its own errors for what it foresees and whatever Node
 * throws for the rest. Its error codes are a closed set; they name the rule in details.reason, message texts never do.
 */
function refusalOf(error: unknown): Refusal {
  if (error instanceof ValidationError && error.fields.every((field) => field.startsWith('verificationMaterial.tlogEntries'))) {
    return refuse('upgrade_rekor_invalid', { reason: 'entry_incomplete' });
  }
  if (!(error instanceof VerificationError)) return refuse('upgrade_signature_invalid', { reason: 'malformed' });
  const reason = error.code.toLowerCase();
  return refuse(error.code.startsWith('TLOG_') ? 'upgrade_rekor_invalid' : 'upgrade_signature_invalid', { reason });
}
