import { createCipheriv, createDecipheriv, createHash, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { CodedError } from '@tidegate/contract-errors';

/** `enc:v1:` + id of the key + nonce (12 bytes), tag (16) and ciphertext as base64url. */
const SEALED = /^enc:v1:([0-9a-f]{16}):([A-Za-z0-9_-]{38,})$/;
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A key object and not its bytes: whatever logs one by mistake shows nothing. */
export interface SecretKey {
  /** First 16 hexadecimal digits of a hash of the key. */
  readonly id: string;
  readonly key: KeyObject;
}

export function secretKey(bytes: Buffer): SecretKey {
  const id = createHash('sha256').update('tidegate secrets key v1\n').update(bytes).digest('hex').slice(0, 16);
  return { id, key: createSecretKey(bytes) };
}

/** Which key opens it; null for what nobody sealed. */
export const keyIdOfSealed = (text: string): string | null => SEALED.exec(text)?.[1] ?? null;
export const isSealed = (text: string): boolean => SEALED.test(text);

/** A value that was moved to another place, or under another key's id, must not open there. */
const boundTo = (keyId: string, place: string): Buffer => Buffer.from(`tidegate sealed v1\n${keyId}\n${place}`);

/** @param place where it is kept, e.g. table, column and row: it opens nowhere else. */
export function seal({ id, key }: SecretKey, text: string, place: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(boundTo(id, place));
  const hidden = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return `enc:v1:${id}:${Buffer.concat([nonce, cipher.getAuthTag(), hidden]).toString('base64url')}`;
}

/** @throws CodedError secret_damaged when it was altered, cut, or belongs to another place. */
export function unseal({ id, key }: SecretKey, sealed: string, place: string): string {
  try {
    const bytes = Buffer.from(SEALED.exec(sealed)?.[2] ?? '', 'base64url');
    const [nonce, tag] = [bytes.subarray(0, NONCE_BYTES), bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)];
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(boundTo(id, place)).setAuthTag(tag);
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    // Nothing of the value in an error's text.
    throw new CodedError('secret_damaged', { place });
  }
}
