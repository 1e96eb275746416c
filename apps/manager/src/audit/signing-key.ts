import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { CodedError } from '@tidegate/contract-errors';
import { keyIdOf } from './audit-trust.ts';

/** The installation's own key. It signs what the audit trail's chain came to, and lies in the database sealed. */
export interface SigningKey {
  readonly keyId: string;
  /** Raw, base64url. */
  readonly publicKey: string;
  /** Base64url. */
  sign(text: string): string;
}

/** @param pem as `pemOf` gives it */
export const signingKeyOf = (pem: string): SigningKey => signingKey(createPrivateKey(pem));
const pemOf = (privateKey: KeyObject): string => privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** To be stored sealed. */
export interface SigningKeyText {
  readonly pem: string;
  readonly key: SigningKey;
}

function signingKey(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '';
  return { keyId: keyIdOf(publicKey), publicKey, sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64url') };
}

const refuse = (file: string, problem: string): CodedError =>
  new CodedError('config_invalid', { file, problems: [`audit.signing_key_file: ${problem}`] });

/** A file of an earlier release, or one that was made elsewhere. @returns null when there is none. @throws CodedError config_invalid when it is open to others or no Ed25519 key. */
export async function readSigningKey(file: string): Promise<SigningKeyText | null> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw refuse(file, 'unreadable');
  });
  if (!found) return null;
  if ((found.mode & 0o077) !== 0) throw refuse(file, 'others may read or write it; it has to be mode 0600');
  try {
    const privateKey = createPrivateKey(await readFile(file));
    if (privateKey.asymmetricKeyType === 'ed25519') return { pem: pemOf(privateKey), key: signingKey(privateKey) };
  } catch {
    // Whatever the file holds, it must not get into a log by an error's text.
  }
  throw refuse(file, 'not a PEM with an Ed25519 private key');
}

export function makeSigningKey(): SigningKeyText {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { pem: pemOf(privateKey), key: signingKey(privateKey) };
}
