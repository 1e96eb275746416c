import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import { IDENTITY_OIDS, type CertificateIdentity } from '@tidegate/domain-trust-policy';
import { derContent, derText, TAG } from './der.ts';

/** One extension of the leaf: its dotted OID and the bytes inside extnValue's OCTET STRING. */
export interface CertificateExtension {
  readonly oid: string;
  readonly value: Uint8Array;
}

const SUBJECT_ALT_NAME = '2.5.29.17';

/**
 * Identity from the extensions of a certificate whose chain was verified. Refuses duplicates of *any* extension (RFC 5280
 * 4.2 forbids them; a reader that takes the first and one that takes the last would see two signers) and a subject
 * alternative name that is not exactly one URI. Refuses with `upgrade_signature_invalid`.
 */
export function identityOf(extensions: readonly CertificateExtension[]): Verdict<CertificateIdentity> {
  const byOid = new Map<string, Uint8Array>();
  for (const { oid, value } of extensions) {
    if (byOid.has(oid)) return refuse('upgrade_signature_invalid', { reason: 'certificate_duplicate_extension', oid });
    byOid.set(oid, value);
  }
  const san = onlyUri(byOid.get(SUBJECT_ALT_NAME));
  if (san === null) return refuse('upgrade_signature_invalid', { reason: 'certificate_name' });

  const fields = {} as Record<keyof typeof IDENTITY_OIDS, string | null>;
  for (const [field, oid] of Object.entries(IDENTITY_OIDS) as [keyof typeof IDENTITY_OIDS, string][]) {
    const value = byOid.get(oid);
    const text = value === undefined ? null : derText(value, TAG.utf8String);
    // Present but unreadable is not the same as absent.
    if (value !== undefined && text === null) return refuse('upgrade_signature_invalid', { reason: 'certificate_extension', oid });
    fields[field] = text;
  }
  return accept({ san, ...fields });
}

/** GeneralNames with one uniformResourceIdentifier and nothing after it. */
function onlyUri(extension: Uint8Array | undefined): string | null {
  const names = extension === undefined ? null : derContent(extension, TAG.sequence);
  return names === null ? null : derText(names, TAG.uniformResourceIdentifier);
}
