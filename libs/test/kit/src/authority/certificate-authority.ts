import { createHash, sign, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { element, TAG } from './der.ts';
import { fulcioExtensions } from './fulcio-extensions.ts';
import type { Keys } from './keys.ts';
import { GITHUB, type WorkflowClaims } from './workflow-identity.ts';
import { EXTENSION, serialNumber, signedCertificate, toBeSigned, type CertificateExtension, type CertificateFields } from './x509.ts';

const ROOT_NAME = 'root';
const INTERMEDIATE_NAME = 'intermediate';
const CA_LIFETIME_MS = 10 * 365 * 24 * 3600 * 1000;
const LEAF_LIFETIME_MS = 10 * 60 * 1000;
const SCT_LIST = '1.3.6.1.4.1.11129.2.4.2';

/** What a test may spoil in an otherwise genuine certificate. */
export interface CertificateFaults {
  readonly withoutSct?: boolean;
  readonly alterExtensions?: (extensions: readonly CertificateExtension[]) => readonly CertificateExtension[];
}

export interface CertificateAuthority {
  /** DER */
  readonly root: Buffer;
  readonly intermediate: Buffer;
  readonly validFrom: Date;
  /** DER of a ten-minute certificate for this key and identity, with an embedded SCT. */
  issue(publicKey: KeyObject, claims: WorkflowClaims, faults?: CertificateFaults): Buffer;
}

interface Stored {
  readonly root: string;
  readonly intermediate: string;
  readonly validFrom: string;
}

/** @param recordPrecertificate the CT log's memory of what it promised */
export function loadCertificateAuthority(
  dataDir: string,
  keys: Keys,
  now: () => Date,
  recordPrecertificate: (tbs: Buffer) => void,
): CertificateAuthority {
  const path = join(dataDir, 'certificates.json');
  if (!existsSync(path)) {
    writeFileSync(`${path}.new`, JSON.stringify(makeAuthorityCertificates(keys, wholeSecond(now()))), { flush: true });
    renameSync(`${path}.new`, path);
  }
  const stored = JSON.parse(readFileSync(path, 'utf8')) as Stored;
  return {
    root: Buffer.from(stored.root, 'base64'),
    intermediate: Buffer.from(stored.intermediate, 'base64'),
    validFrom: new Date(stored.validFrom),
    issue: (publicKey, claims, faults = {}) => {
      const leaf = leafFields(publicKey, claims, keys, now(), faults);
      if (faults.withoutSct === true) return signedCertificate(toBeSigned(leaf), keys.intermediate);
      // RFC 6962 3.2: the log signs the certificate as it is without the SCT list, which is then appended. Verifiers take
      // the list out again and must arrive at these bytes.
      const precertificate = toBeSigned(leaf);
      recordPrecertificate(precertificate);
      const list = { oid: SCT_LIST, value: element(TAG.octetString, listOf(signedTimestamp(precertificate, keys, now()))) };
      return signedCertificate(toBeSigned({ ...leaf, extensions: [...leaf.extensions, list] }), keys.intermediate);
    },
  };
}

function makeAuthorityCertificates(keys: Keys, notBefore: Date): Stored {
  const period = { notBefore, notAfter: new Date(notBefore.getTime() + CA_LIFETIME_MS), issuer: ROOT_NAME };
  const root = toBeSigned({
    ...period,
    subject: ROOT_NAME,
    serial: serialNumber(),
    spki: keys.root.spki,
    extensions: [...EXTENSION.authority(1), EXTENSION.subjectKey(keys.root.keyId)],
  });
  const intermediate = toBeSigned({
    ...period,
    subject: INTERMEDIATE_NAME,
    serial: serialNumber(),
    spki: keys.intermediate.spki,
    extensions: [
      ...EXTENSION.authority(0),
      EXTENSION.codeSigning,
      EXTENSION.subjectKey(keys.intermediate.keyId),
      EXTENSION.authorityKey(keys.root.keyId),
    ],
  });
  const inBase64 = (tbs: Buffer): string => signedCertificate(tbs, keys.root).toString('base64');
  return { root: inBase64(root), intermediate: inBase64(intermediate), validFrom: notBefore.toISOString() };
}

function leafFields(publicKey: KeyObject, claims: WorkflowClaims, keys: Keys, now: Date, faults: CertificateFaults): CertificateFields {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const extensions = [
    EXTENSION.digitalSignature,
    EXTENSION.codeSigning,
    EXTENSION.subjectKey(createHash('sha256').update(spki).digest()),
    EXTENSION.authorityKey(keys.intermediate.keyId),
    EXTENSION.subjectAlternativeUri(`${GITHUB}${claims.job_workflow_ref}`),
    ...fulcioExtensions(claims),
  ];
  return {
    issuer: INTERMEDIATE_NAME,
    subject: '',
    serial: serialNumber(),
    notBefore: wholeSecond(now),
    notAfter: new Date(wholeSecond(now).getTime() + LEAF_LIFETIME_MS),
    spki,
    extensions: faults.alterExtensions?.(extensions) ?? extensions,
  };
}

/** RFC 6962 3.2: SignedCertificateTimestamp over a precert entry, ECDSA with SHA-256. */
function signedTimestamp(precertificate: Buffer, keys: Keys, now: Date): Buffer {
  const timestamp = Buffer.alloc(8);
  timestamp.writeBigUInt64BE(BigInt(now.getTime()));
  const issuerKeyHash = createHash('sha256').update(keys.intermediate.spki).digest();
  const length = Buffer.alloc(3);
  length.writeUIntBE(precertificate.length, 0, 3);
  const noExtensions = Buffer.alloc(2);
  const signed = [Buffer.of(0, 0), timestamp, Buffer.of(0, 1), issuerKeyHash, length, precertificate, noExtensions];
  const signature = sign('sha256', Buffer.concat(signed), keys.ctLog.privateKey);
  return Buffer.concat([Buffer.of(0), keys.ctLog.keyId, timestamp, noExtensions, Buffer.of(4, 3), lengthPrefixed(signature)]);
}

function lengthPrefixed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
const listOf = (sct: Buffer): Buffer => lengthPrefixed(lengthPrefixed(sct));
const wholeSecond = (date: Date): Date => new Date(Math.floor(date.getTime() / 1000) * 1000);
