import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { CodedError } from '@tidegate/contract-errors';
import { authPayload, keyPayload, type AuthPayload, type KeyPayload } from '@tidegate/contract-protocol';

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

export const isSignedBy = (publicKey: string, payload: AuthPayload, signature: string): boolean =>
  verifies(publicKey, authPayload(payload), signature);

/**
 * Both keys say so: the old one that the node wants the new one, the new one that it is the node's and not copied from another's.
 * @throws CodedError public_key_invalid, node_key_invalid
 */
export function checkKeyChange(payload: KeyPayload, { signature, proof }: { readonly signature: string; readonly proof: string }): void {
  if (!parseNodeKey(payload.newKey)) throw new CodedError('public_key_invalid');
  const bytes = keyPayload(payload);
  if (!verifies(payload.oldKey, bytes, signature) || !verifies(payload.newKey, bytes, proof)) throw new CodedError('node_key_invalid');
}

function verifies(publicKey: string, bytes: Uint8Array, signature: string): boolean {
  const key = parseNodeKey(publicKey);
  return key !== null && verify(null, bytes, key, Buffer.from(signature, 'base64url'));
}
