import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';
import { writeWhole } from '@tidegate/adapter-slots-fs';
import { readPrivateFile } from './private-file.ts';

export interface KeyPair {
  /** Raw Ed25519 public key, base64url. */
  readonly publicKey: string;
  sign(bytes: Uint8Array): string;
}

/** The node's key from `key.pem`; null when there is none. Throws `identity_unusable` for anything but an Ed25519 key of mode 0600. */
export async function readKeyPair(folder: string): Promise<KeyPair | null> {
  const file = join(folder, 'key.pem');
  const pem = await readPrivateFile(file);
  if (pem === null) return null;
  try {
    return keyPair(createPrivateKey(pem));
  } catch {
    // The library's own error may quote the key.
    throw new CodedError('identity_unusable', { file, reason: 'no Ed25519 key' });
  }
}

/** Makes the key; durable when it resolves, so that no enrolment can outlive its key. */
export async function makeKeyPair(folder: string): Promise<KeyPair> {
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeWhole(join(folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
  return keyPair(privateKey);
}

function keyPair(privateKey: KeyObject): KeyPair {
  const { crv, x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (crv !== 'Ed25519' || x === undefined) throw new Error('wrong kind of key');
  return { publicKey: x, sign: (bytes) => sign(null, bytes, privateKey).toString('base64url') };
}
