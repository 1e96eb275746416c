import { createHash, createPublicKey, verify } from 'node:crypto';
import type { Readable } from 'node:stream';
import { auditExportLine, type AuditChainRow, type AuditExportLine, type AuditHead, type AuditVerification } from '@tidegate/contract-api';
import { createAuditVerifier } from '@tidegate/domain-audit-chain';
import { badUsage, Ending } from './ending.ts';
import { linesOf } from './lines.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const RAW_KEY = /^[A-Za-z0-9_-]{43}$/;
const keyIdOf = (publicKey: string): string => createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('hex').slice(0, 16);

/** Ed25519 (RFC 8032) over the text's UTF-8 bytes. */
function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' });
  return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64url'));
}

/**
 * Verifies an export without asking anybody. Only keys that were given are trusted, whatever the file says.
 * @throws Ending when it is no whole export
 */
export async function verifyExport(file: Readable, publicKeys: readonly string[]): Promise<AuditVerification> {
  for (const key of publicKeys) if (!RAW_KEY.test(key)) throw badUsage(`${key} is no public key.`, 'It has 43 characters of base64url.');
  const heads: AuditHead[] = [];
  const rows: AuditChainRow[] = [];
  let managerId: string | undefined;
  let end: number | undefined;
  let number = 0;
  for await (const text of linesOf(file)) {
    number += 1;
    const line = parsed(text, number);
    if (end !== undefined || (line.type === 'audit_export') !== (number === 1)) throw unusable(`Line ${number} does not belong there.`);
    if (line.type === 'audit_export') managerId = line.manager_id;
    else if (line.type === 'row') rows.push(line);
    else if (line.type === 'head') heads.push(line);
    else end = line.rows;
  }
  if (managerId === undefined) throw unusable('It is empty.');
  if (end === undefined) throw unusable('It was cut off: its end is missing.');
  if (end !== rows.length) throw unusable(`It says that it holds ${end} rows and holds ${rows.length}.`);
  const keys = new Map(publicKeys.map((key) => [keyIdOf(key), key]));
  const verifier = createAuditVerifier(heads, { managerId, keys, sha256, isSignedBy });
  for (const row of rows) verifier.row(row);
  return verifier.finish();
}

function parsed(text: string, number: number): AuditExportLine {
  try {
    return auditExportLine.parse(JSON.parse(text));
  } catch {
    throw unusable(`Line ${number} is no line of an export.`);
  }
}

const unusable = (meaning: string): Ending =>
  new Ending('refused', {
    code: 'audit_export_unusable',
    meaning,
    hint: 'Export again with `tidegate audit export`; a part of an export proves nothing.',
  });
