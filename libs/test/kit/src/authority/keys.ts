import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAMES = ['root', 'intermediate', 'ctLog', 'transparencyLog', 'issuer'] as const;
export type KeyName = (typeof NAMES)[number];

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Buffer;
  /** sha256 of `spki`: how logs are named in SCTs, entries and checkpoints. */
  readonly keyId: Buffer;
}
export type Keys = Readonly<Record<KeyName, SigningKey>>;

/** All P-256. Read from `<dataDir>/keys.json`, made there (0600) at the first start. */
export function loadKeys(dataDir: string): Keys {
  const path = join(dataDir, 'keys.json');
  if (!existsSync(path)) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const made = Object.fromEntries(NAMES.map((name) => [name, newKeyPem()]));
    // Renamed into place: half a key file would be a new authority that nobody trusts.
    writeFileSync(`${path}.new`, JSON.stringify(made), { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
  }
  const stored = JSON.parse(readFileSync(path, 'utf8')) as Record<KeyName, string>;
  return Object.fromEntries(NAMES.map((name) => [name, signingKey(stored[name])])) as Record<KeyName, SigningKey>;
}

function newKeyPem(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function signingKey(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return { privateKey, publicKey, spki, keyId: createHash('sha256').update(spki).digest() };
}
