import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Artefact } from '@tidegate/contract-manifest';
import type { PartialDownload } from '@tidegate/engine-upgrade';
import { createPartialDownloads } from './index.ts';

const CHUNK = 64 * 1024;
const BYTES = Buffer.from(Array.from({ length: 3 * CHUNK + 1000 }, (_, n) => (n * 31 + (n >> 8)) % 251));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const chunks = [0, 1, 2, 3].map((n) => BYTES.subarray(n * CHUNK, (n + 1) * CHUNK));
const artefact = { size: BYTES.length, chunk_size: CHUNK, sha256: sha256(BYTES), chunk_sha256: chunks.map(sha256) } as unknown as Artefact;

let root: string;
let part: PartialDownload;
const file = (): string => join(root, 'staging', `${artefact.sha256}.part`);
const reopened = async (): Promise<PartialDownload> => {
  await part.close();
  return (part = await createPartialDownloads(root).open(artefact));
};
const bytesOf = async (input: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of input) pieces.push(piece);
  return Buffer.concat(pieces);
};

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'parts-'));
  part = await createPartialDownloads(root).open(artefact);
});
afterEach(async () => {
  await part.close();
  await rm(root, { recursive: true, force: true });
});

describe('a partial download', () => {
  it('keeps whole chunks for the next start', async () => {
    expect(part.keptBytes).toBe(0);
    for (const chunk of chunks.slice(0, 2)) await part.append(chunk);
    expect((await reopened()).keptBytes).toBe(2 * CHUNK);
    expect((await bytesOf(part.read())).equals(BYTES.subarray(0, 2 * CHUNK))).toBe(true);
    for (const chunk of chunks.slice(2)) await part.append(chunk);
    expect((await reopened()).keptBytes).toBe(BYTES.length);
    expect((await bytesOf(part.read())).equals(BYTES)).toBe(true);
  });

  it('is cut to its last sound chunk when it is torn, altered or too long', async () => {
    for (const chunk of chunks) await part.append(chunk);
    await writeFile(file(), Buffer.concat([await readFile(file()), Buffer.from('more')]));
    expect((await reopened()).keptBytes).toBe(BYTES.length);
    expect((await stat(file())).size).toBe(BYTES.length);
    await truncate(file(), 2 * CHUNK + 17);
    expect((await reopened()).keptBytes).toBe(2 * CHUNK);
    const altered = await readFile(file());
    altered[CHUNK + 5] = 255;
    await writeFile(file(), altered);
    expect((await reopened()).keptBytes).toBe(CHUNK);
    await part.append(chunks[1]!);
    expect((await reopened()).keptBytes).toBe(2 * CHUNK);
    await writeFile(file(), Buffer.alloc(2 * CHUNK));
    expect((await reopened()).keptBytes).toBe(0);
  });

  it('is gone when it was dropped, and never goes through a link', async () => {
    await part.append(chunks[0]!);
    await createPartialDownloads(root).drop(artefact);
    expect(await readdir(join(root, 'staging'))).toEqual([]);
    await writeFile(join(root, 'elsewhere'), 'untouched');
    await symlink(join(root, 'elsewhere'), file());
    await expect(createPartialDownloads(root).open(artefact)).rejects.toMatchObject({ code: 'upgrade_storage_error' });
    expect(await readFile(join(root, 'elsewhere'), 'utf8')).toBe('untouched');
  });
});
