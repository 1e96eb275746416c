import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';
import { writeWhole } from '@tidegate/adapter-slots-fs';
import { readPrivateFile } from '../identity/private-file.ts';

const TOKEN = /^[A-Za-z0-9_-]{43,128}$/;
const fileOf = (root: string): string => join(root, 'identity', 'local-api-token');

/** null before the agent's first start. Throws `identity_unusable` for a file that others could read, or that holds no token. */
export async function readLocalToken(root: string): Promise<string | null> {
  const text = readPrivateFile(fileOf(root));
  if (text === null) return null;
  const token = text.trim();
  // A short one could be guessed, and an empty one would let everybody in.
  if (!TOKEN.test(token)) throw new CodedError('identity_unusable', { file: fileOf(root), reason: 'no token of 43 characters or more' });
  return token;
}

/** The token of the local API; made at the first start. */
export async function openLocalToken(root: string): Promise<string> {
  const known = await readLocalToken(root);
  if (known !== null) return known;
  const token = randomBytes(32).toString('base64url');
  await mkdir(join(root, 'identity'), { recursive: true, mode: 0o700 });
  await writeWhole(fileOf(root), `${token}\n`, 0o600);
  return token;
}

/** Compared as digests, so that neither time nor length tells how much of a guess was right. */
export function carriesToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer ([\x21-\x7e]{1,256})$/i.exec(authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(given), digest(token));
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
