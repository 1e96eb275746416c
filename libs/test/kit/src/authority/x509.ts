import { randomBytes, sign } from 'node:crypto';
import { bitString, element, explicit, oid, sequence, TAG, TRUE, utcTime } from './der.ts';
import type { SigningKey } from './keys.ts';

/** `value` is what goes inside extnValue. */
export interface CertificateExtension {
  readonly oid: string;
  readonly critical?: boolean;
  readonly value: Buffer;
}

export interface CertificateFields {
  /** Common names; an empty subject is left out. */
  readonly issuer: string;
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Buffer;
  readonly serial: Buffer;
  readonly extensions: readonly CertificateExtension[];
}

const ORGANISATION = 'tidegate local authority';
const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const CODE_SIGNING = sequence(oid('1.3.6.1.5.5.7.3.3'));

/** TBSCertificate v3 (RFC 5280 4.1). */
export function toBeSigned(fields: CertificateFields): Buffer {
  const version3 = explicit(0, element(TAG.integer, Buffer.of(2)));
  return sequence(
    version3,
    element(TAG.integer, fields.serial),
    ECDSA_WITH_SHA256,
    name(fields.issuer),
    sequence(utcTime(fields.notBefore), utcTime(fields.notAfter)),
    name(fields.subject),
    fields.spki,
    explicit(3, sequence(...fields.extensions.map(extension))),
  );
}

export const signedCertificate = (tbs: Buffer, issuer: SigningKey): Buffer =>
  sequence(tbs, ECDSA_WITH_SHA256, bitString(sign('sha256', tbs, issuer.privateKey)));

const extension = ({ oid: id, critical = false, value }: CertificateExtension): Buffer =>
  sequence(oid(id), ...(critical ? [TRUE] : []), element(TAG.octetString, value));

function name(commonName: string): Buffer {
  if (commonName === '') return sequence();
  const part = (type: string, text: string) => element(TAG.set, sequence(oid(type), element(TAG.utf8String, Buffer.from(text))));
  return sequence(part('2.5.4.10', ORGANISATION), part('2.5.4.3', commonName));
}

/** Positive and without a leading zero, whatever the dice say. */
export function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes;
}

/** RFC 7093: the key's id is the first 20 bytes of its sha256. */
const shortKeyId = (keyId: Buffer): Buffer => keyId.subarray(0, 20);

export const EXTENSION = {
  authority: (pathLength: number): CertificateExtension[] => [
    { oid: '2.5.29.19', critical: true, value: sequence(TRUE, element(TAG.integer, Buffer.of(pathLength))) },
    // keyCertSign and cRLSign; one unused bit.
    { oid: '2.5.29.15', critical: true, value: element(TAG.bitString, Buffer.of(1, 0x06)) },
  ],
  // Seven unused bits.
  digitalSignature: { oid: '2.5.29.15', critical: true, value: element(TAG.bitString, Buffer.of(7, 0x80)) },
  codeSigning: { oid: '2.5.29.37', value: CODE_SIGNING },
  subjectKey: (keyId: Buffer): CertificateExtension => ({ oid: '2.5.29.14', value: element(TAG.octetString, shortKeyId(keyId)) }),
  authorityKey: (keyId: Buffer): CertificateExtension => ({ oid: '2.5.29.35', value: sequence(element(0x80, shortKeyId(keyId))) }),
  subjectAlternativeUri: (uri: string): CertificateExtension => ({
    oid: '2.5.29.17',
    critical: true,
    value: sequence(element(0x86, Buffer.from(uri))),
  }),
} as const;
