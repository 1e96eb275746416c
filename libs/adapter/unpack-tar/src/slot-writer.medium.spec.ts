import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FileEntry } from '@tidegate/contract-manifest';
import { planSlot } from './slot-plan.ts';
import { SlotWriter } from './slot-writer.ts';
import { fileEntries, noise, recordOf } from './testing/archive-builder.ts';

const MIB = 1024 * 1024;
const CONTENT = noise(20 * MIB);
const LARGE = { path: 'bin/edge', content: CONTENT, mode: '0755' } as const;
const [FILE] = fileEntries([LARGE]) as [FileEntry];

let root: string;
let prototype: FileHandle;
let real: FileHandle['datasync'];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slot-writer-'));
  const handle = await open(root);
  prototype = Object.getPrototypeOf(handle) as FileHandle;
  real = prototype.datasync;
  await handle.close();
});
afterEach(async () => {
  prototype.datasync = real;
  await rm(root, { recursive: true, force: true });
});

async function writeInPieces(writer: SlotWriter, pieceBytes = MIB): Promise<void> {
  await writer.createRoot();
  await writer.createFolders();
  await writer.apply({ kind: 'open', file: FILE });
  for (let at = 0; at < CONTENT.length; at += pieceBytes)
    await writer.apply({ kind: 'data', bytes: CONTENT.subarray(at, at + pieceBytes) });
  await writer.apply({ kind: 'close' });
  await writer.finish();
}

const newWriter = (): SlotWriter => new SlotWriter(join(root, 'slot'), planSlot(recordOf(CONTENT, [LARGE], 'tar')));

describe('a large file of a slot', () => {
  it('is written back while the rest of it is still to come', async () => {
    let begun = 0;
    prototype.datasync = function (this: FileHandle) {
      begun += 1;
      return real.call(this);
    };
    await writeInPieces(newWriter());
    expect(begun).toBeGreaterThanOrEqual(1);
    expect(begun).toBeLessThanOrEqual(2);
    expect((await readFile(join(root, 'slot/bin/edge'))).equals(CONTENT)).toBe(true);
  });

  it('is refused where writing it back failed once: the kernel tells only once', async () => {
    prototype.datasync = () => Promise.reject(Object.assign(new Error('put in by the test'), { code: 'EIO' }));
    const writer = newWriter();
    await expect(writeInPieces(writer)).rejects.toMatchObject({ code: 'upgrade_storage_error', details: { error: 'EIO' } });
    await writer.abandon();
    expect(existsSync(join(root, 'slot'))).toBe(false);
  });
});
