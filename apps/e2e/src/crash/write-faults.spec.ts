import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tarUnpacker } from '@tidegate/adapter-unpack-tar';
import { makeImage, mount, unmount, whyNoImages } from './ext4-image.ts';
import { manyFiles } from './many-files.ts';
import { memoryFolder } from './memory-folder.ts';

/** More than are made durable one by one, and few enough that nothing is written back before the end. */
const FILES = 600;
const MIB = 1024 * 1024;

const folder = mkdtempSync(join(memoryFolder, 'write-faults-'));
const missing = whyNoImages(folder);
if (missing !== undefined) process.stdout.write(`write faults: skipped, images cannot be mounted here (${missing})\n`);
const here = missing === undefined ? it : it.skip;
const [store, at] = [join(folder, 'store'), join(folder, 'disk')];
const run = (program: string, ...args: readonly string[]): void => void execFileSync(program, args, { stdio: 'ignore' });

/**
 * A disk whose journal and tables are all there, and whose data blocks have to be found when they are written: as soon as the
 * memory under it is full, no data can be written any more, while all else goes on.
 */
beforeAll(() => {
  if (missing !== undefined) return;
  mkdirSync(store);
  run('mount', '-t', 'tmpfs', '-o', 'size=72m', 'write-faults', store);
  const image = join(folder, 'disk.img');
  makeImage(image);
  run('cp', '--sparse=never', image, join(store, 'disk.img'));
  rmSync(image);
  mount(join(store, 'disk.img'), at, 'commit=600');
  run('fstrim', at);
});
afterAll(() => {
  if (existsSync(at)) unmount(at);
  if (existsSync(store)) run('umount', store);
  rmSync(folder, { recursive: true, force: true });
});

function fillStore(): void {
  const filler = openSync(join(store, 'filler'), 'w');
  try {
    for (;;) writeSync(filler, Buffer.alloc(MIB / 16));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(filler);
  }
}

const filesIn = (path: string): number => readdirSync(path).reduce((sum, name) => sum + readdirSync(join(path, name)).length, 0);
const syncOfSomebodyElse = (): number | null => spawnSync('sync', ['-f', at], { stdio: 'ignore' }).status;

describe('a disk that does not take the data of a slot of many files', () => {
  here('is noticed also where somebody else was told of it first', async () => {
    const { bytes, artefact } = manyFiles(FILES);
    const slot = join(at, 'slot');
    const told: unknown[] = [];
    async function* input(): AsyncGenerator<Uint8Array> {
      const held = bytes.length - (bytes.length % artefact.chunk_size);
      yield bytes.subarray(0, held);
      while (filesIn(join(slot, 'modules')) < FILES / 2) await nextTurn();
      fillStore();
      told.push(syncOfSomebodyElse(), syncOfSomebodyElse());
      // What is written from now on reaches the disk.
      rmSync(join(store, 'filler'));
      yield bytes.subarray(held);
    }
    const options = { signal: new AbortController().signal, onProgress: () => undefined };
    const verdict = await tarUnpacker.unpack(input(), artefact, slot, options);
    // Who asked first was told, whoever asks for the whole file system now is not.
    expect(told).toEqual([1, 0]);
    expect(verdict).toMatchObject({ ok: false, code: 'upgrade_disk_full' });
    expect(existsSync(slot)).toBe(false);
  });
});
