import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { tarUnpacker, verifyTree } from '@tidegate/adapter-unpack-tar';
import { cut, makeImage, mount, MOUNT_MODES, unmount, whyNoImages } from './ext4-image.ts';
import { manyFiles } from './many-files.ts';
import { memoryFolder } from './memory-folder.ts';

/** More than are made durable one by one, and few enough that nothing is synced before the end. */
const FILES = 1_000;

const folder = mkdtempSync(join(memoryFolder, 'many-files-'));
const missing = whyNoImages(folder);
if (missing !== undefined) process.stdout.write(`many files: skipped, images cannot be mounted here (${missing})\n`);
const here = missing === undefined ? it : it.skip;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a slot of thousands of files whose machine loses power when it is complete', () => {
  for (const mode of MOUNT_MODES) {
    here(`${mode}: has every file, whole`, async () => {
      const { bytes, artefact } = manyFiles(FILES);
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
