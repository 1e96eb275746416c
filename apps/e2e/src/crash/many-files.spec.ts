import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { tarUnpacker, verifyTree } from '@tidegate/adapter-unpack-tar';
import { manifest, type Artefact, type FileEntry } from '@tidegate/contract-manifest';
import { cut, makeImage, mount, MOUNT_MODES, unmount, whyNoImages } from './ext4-image.ts';
import { memoryFolder } from './memory-folder.ts';

/** More than are made durable one by one, and few enough that nothing is synced before the end. */
const FILES = 1_000;
const BLOCK_BYTES = 512;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const folder = mkdtempSync(join(memoryFolder, 'many-files-'));
const missing = whyNoImages(folder);
if (missing !== undefined) process.stdout.write(`many files: skipped, images cannot be mounted here (${missing})\n`);
const here = missing === undefined ? it : it.skip;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function headerOf({ path, mode, size }: Pick<FileEntry, 'path' | 'mode' | 'size'>): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, offset: number, length: number) => block.write(value.toString(8).padStart(length - 1, '0'), offset);
  block.write(path, 0);
  octal(Number.parseInt(mode, 8), 100, 8);
  octal(size, 124, 12);
  block.fill(' ', 148, 156);
  block.write('0', 156);
  block.write('ustar\u000000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function manyFiles(): { readonly bytes: Buffer; readonly artefact: Artefact } {
  const blocks: Buffer[] = [];
  const files = Array.from({ length: FILES }, (_, index) => {
    const content = Buffer.alloc(40 + (index % 900), `${index} `);
    const mode = index === 0 ? '0755' : '0644';
    const file = { path: `modules/m${index % 50}/file-${index}`, mode, size: content.length, sha256: sha256(content) } as FileEntry;
    blocks.push(headerOf(file), content, Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES));
    return file;
  });
  const bytes = Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
  const chunkBytes = 1024 * 1024;
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) =>
    sha256(bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes)),
  );
  const artefact = manifest.shape.artefacts.element.parse({
    arch: 'any',
    variant: 'full',
    name: 'many.tar',
    size: bytes.length,
    sha256: sha256(bytes),
    format: 'tar',
    chunk_size: chunkBytes,
    chunk_sha256: chunks,
    unpacked_size: files.reduce((sum, { size }) => sum + size, 0),
    entrypoint: 'modules/m0/file-0',
    files,
  });
  return { bytes, artefact };
}

describe('a slot of thousands of files whose machine loses power when it is complete', () => {
  for (const mode of MOUNT_MODES) {
    here(`${mode}: has every file, whole`, async () => {
      const { bytes, artefact } = manyFiles();
      const [image, copy, at] = ['disk.img', 'copy.img', 'disk'].map((name) => join(folder, name)) as [string, string, string];
      makeImage(image);
      mount(image, at, mode);
      try {
        const options = { signal: new AbortController().signal, onProgress: () => undefined };
        expect(await tarUnpacker.unpack(pieces(bytes), artefact, join(at, 'slot'), options)).toEqual({ ok: true, value: undefined });
        cut(image, copy);
      } finally {
        unmount(at);
      }
      mount(copy, at, mode);
      try {
        expect(await verifyTree(join(at, 'slot'), artefact.files)).toEqual({ ok: true, value: undefined });
      } finally {
        unmount(at);
      }
    });
  }
});

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += 65_536) yield bytes.subarray(offset, offset + 65_536);
}
