import { isDeepStrictEqual } from 'node:util';
import {
  BUNDLE_V02_MEDIA_TYPE,
  BUNDLE_V03_LEGACY_MEDIA_TYPE,
  BUNDLE_V03_MEDIA_TYPE,
  bundleFromJSON,
  bundleToJSON,
  type Bundle,
} from '@sigstore/bundle';
import { accept, refuse, type Refusal, type Verdict } from '@tidegate/contract-errors';
import { LIMITS } from '@tidegate/contract-manifest';
import { checkpointProblem } from './checkpoint-shape.ts';

type Entry = Bundle['verificationMaterial']['tlogEntries'][number];

/** A bundle of the one shape this verifier accepts; nothing in it is believed yet. */
export interface ShapedBundle {
  readonly bundle: Bundle;
  /** DER of the signer's certificate. */
  readonly leaf: Buffer;
  readonly entry: Entry;
  /** sha256 the bundle claims for the signed bytes. */
  readonly messageDigest: Buffer;
}

// v0.1 carries a bare promise of inclusion that a log can break unseen, so it is refused even when a proof is there too.
const MEDIA_TYPES: readonly string[] = [BUNDLE_V02_MEDIA_TYPE, BUNDLE_V03_LEGACY_MEDIA_TYPE, BUNDLE_V03_MEDIA_TYPE];
/** Rekor v1 and Rekor v2. */
const ENTRY_VERSIONS: readonly string[] = ['0.0.1', '0.0.2'];

const badSignature = (reason: string): Refusal => refuse('upgrade_signature_invalid', { reason });
const badLogEntry = (reason: string): Refusal => refuse('upgrade_rekor_invalid', { reason });

/**
 * Bytes to a bundle: messageSignature of v0.2 or v0.3, a certificate, one hashedrekord entry with proof and checkpoint.
 * May throw for hostile input; the caller turns that into a refusal.
 * Refuses with `upgrade_signature_invalid` or, for the log entry, `upgrade_rekor_invalid`; details.reason says which rule.
 */
export function shapeBundle(bytes: Uint8Array): Verdict<ShapedBundle> {
  if (bytes.length > LIMITS.bundleBytes) return badSignature('bundle_too_large');
  const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return badSignature('bundle_no_object');
  if (!MEDIA_TYPES.includes((json as { mediaType?: string }).mediaType ?? '')) return badSignature('bundle_version');
  // A DSSE envelope verifies for any artefact bytes: its signature is over the envelope's own payload.
  if ('dsseEnvelope' in json) return badSignature('bundle_dsse');

  const bundle = bundleFromJSON(json);
  // The parser skips what it does not know and repairs loose base64. What was verified must be all that was handed over.
  if (!isDeepStrictEqual(withoutEmpties(json), withoutEmpties(bundleToJSON(bundle)))) return badSignature('bundle_not_canonical');

  if (bundle.content.$case !== 'messageSignature') return badSignature('bundle_dsse');
  const { messageDigest, signature } = bundle.content.messageSignature;
  if (signature.length === 0 || messageDigest.digest.length !== 32) return badSignature('bundle_digest');
  if (bundleDigestAlgorithm(json) !== 'SHA2_256') return badSignature('bundle_digest');
  const leaf = leafOf(bundle);
  if (leaf === null) return badSignature('bundle_no_certificate');
  const entry = oneEntry(bundle);
  return entry.ok ? accept({ bundle, leaf, entry: entry.value, messageDigest: messageDigest.digest }) : entry;
}

const bundleDigestAlgorithm = (json: object): unknown =>
  (json as { messageSignature?: { messageDigest?: { algorithm?: unknown } } }).messageSignature?.messageDigest?.algorithm;

/** `null` for a key hint or a bare public key: a key without an attested identity is nobody. */
function leafOf({ verificationMaterial: { content } }: Bundle): Buffer | null {
  if (content.$case === 'certificate') return content.certificate.rawBytes;
  if (content.$case === 'x509CertificateChain') return content.x509CertificateChain.certificates[0]?.rawBytes ?? null;
  return null;
}

function oneEntry({ verificationMaterial }: Bundle): Verdict<Entry> {
  const [entry, ...others] = verificationMaterial.tlogEntries;
  if (entry === undefined || others.length > 0) return badLogEntry('entry_count');
  if (entry.kindVersion.kind !== 'hashedrekord') return badLogEntry('entry_kind');
  if (!ENTRY_VERSIONS.includes(entry.kindVersion.version)) return badLogEntry('entry_version');
  const proof = entry.inclusionProof;
  if (proof === undefined || proof.checkpoint === undefined) return badLogEntry('entry_no_proof');
  // BigInt and Number read ' ' as zero and '0x1' as one.
  const numbers = [entry.logIndex, entry.integratedTime, proof.logIndex, proof.treeSize];
  if (!numbers.every((text) => /^(0|[1-9]\d{0,18})$/.test(text))) return badLogEntry('entry_number');
  const problem = checkpointProblem(proof.checkpoint.envelope, { treeSize: proof.treeSize, rootHash: proof.rootHash });
  if (problem !== null) return badLogEntry(problem);
  if (entry.kindVersion.version === '0.0.2') {
    // Rekor v2 has no time of its own: without a timestamp nothing says that the certificate was valid when it signed.
    if ((verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? []).length === 0) return badLogEntry('entry_no_timestamp');
    // Its outer index is covered by no signature, so it may only repeat the proof's.
    if (entry.logIndex !== proof.logIndex) return badLogEntry('entry_index');
  }
  return accept(entry);
}

/** Tools differ in whether they write default values; both mean the same message (protobuf's JSON mapping). */
function withoutEmpties(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpties);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value)
    .map(([key, member]) => [key, withoutEmpties(member)] as const)
    .filter(([, member]) => !isEmpty(member));
  return Object.fromEntries(kept);
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || value === '0' || (typeof value === 'object' && Object.keys(value).length === 0);
