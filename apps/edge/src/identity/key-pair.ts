import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';
import { writeWhole } from '@tidegate/adapter-slots-fs';
import type { NodeKey } from '@tidegate/engine-node-link';
import { readPrivateFile } from './private-file.ts';

/** `next` has been made and perhaps offered to the manager; it becomes `key` by one rename. */
export const KEY_FILES = { key: 'key.pem', next: 'key.next.pem' } as const;

/** A key of the node; null when there is none. Throws `identity_unusable` for anything but an Ed25519 key of mode 0600. */
export function readKeyPair(folder: string, which: keyof typeof KEY_FILES): NodeKey | null {
  const file = join(folder, KEY_FILES[which]);
  const pem = readPrivateFile(file);
  if (pem === null) return null;
  try {
    return keyPair(createPrivateKey(pem));
  } catch {
    // The library's own error may quote the key.
    throw new CodedError('identity_unusable', { file, reason: 'no Ed25519 key' });
  }
}

/** Makes a key; durable when it resolves, so that nobody is told of a key that a power cut takes away. */
export async function makeKeyPair(folder: string, which: keyof typeof KEY_FILES): Promise<NodeKey> {
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeWhole(join(folder, KEY_FILES[which]), privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
  return keyPair(privateKey);
}

function keyPair(privateKey: KeyObject): NodeKey {
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('wrong kind of key');
  let publicKey: string | undefined;
  return {
    // Worked out when it is asked for: most starts only sign.
    get publicKey() {
      return (publicKey ??= createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '');
    },
    sign: (bytes) => sign(null, bytes, privateKey).toString('base64url'),
  };
}
