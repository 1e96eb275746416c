import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { authPayload, type AuthPayload } from '@tidegate/contract-protocol';

/** SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const RAW_BYTES = 32;

/** @returns null for anything that is no raw Ed25519 key in canonical base64url. */
export function parseNodeKey(base64url: string): KeyObject | null {
  const raw = Buffer.from(base64url, 'base64url');
  // Another spelling of the same key would pass the uniqueness check of keys.
  if (raw.length !== RAW_BYTES || raw.toString('base64url') !== base64url) return null;
  try {
    return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}

export function isSignedBy(publicKey: string, payload: AuthPayload, signature: string): boolean {
  const key = parseNodeKey(publicKey);
  return key !== null && verify(null, authPayload(payload), key, Buffer.from(signature, 'base64url'));
}
