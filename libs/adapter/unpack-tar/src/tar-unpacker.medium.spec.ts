import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CodedError } from '@tidegate/contract-errors';
import type { Artefact } from '@tidegate/contract-manifest';
import type { UnpackProgress } from '@tidegate/engine-upgrade';
import fc from 'fast-check';
import { tarUnpacker, verifyTree } from './index.ts';
import {
  entry,
  fileEntries,
  gz,
  headerBlock,
  inPieces,
  noise,
  paxBlocks,
  recordOf,
  sha256,
  SLOT,
  tarOf,
  END_MARKER,
  type ListedFile,
} from './testing/archive-builder.ts';

let root: string;
let slot: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'unpack-'));
  slot = join(root, 'slot');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const LONG = `share/${'deep-folder-name/'.repeat(10)}${'n'.repeat(60)}.txt`;
const FILES: ListedFile[] = [
  ...SLOT,
  { path: 'lib/noise.bin', content: noise(700_001) },
  { path: 'lib/zeros.bin', content: Buffer.alloc(400_000) },
];

function unpack(
  input: AsyncIterable<Uint8Array>,
  artefact: Artefact,
  signal = new AbortController().signal,
  onProgress: (progress: UnpackProgress) => void = () => undefined,
) {
  return tarUnpacker.unpack(input, artefact, slot, { signal, onProgress });
}

describe('unpacking', () => {
  const formats: [Artefact['format'], (tar: Buffer) => Buffer][] = [
    ['tar.gz', gz],
    ['tar.zst', (tar) => zstdCompressSync(tar)],
    ['tar', (tar) => tar],
  ];
  it.each(formats)('writes exactly the listed files of a %s, with their modes, whatever the umask', async (format, compress) => {
    const bytes = compress(tarOf(FILES));
    const before = process.umask(0o077);
    try {
      expect(await unpack(inPieces(bytes), recordOf(bytes, FILES, format))).toEqual({ ok: true, value: undefined });
    } finally {
      process.umask(before);
    }
    for (const file of FILES) {
      expect(sha256(await readFile(join(slot, file.path)))).toBe(sha256(Buffer.from(file.content)));
      expect((await stat(join(slot, file.path))).mode & 0o7777).toBe(Number.parseInt(file.mode ?? '0644', 8));
    }
    for (const folder of ['', 'bin', 'lib', 'lib/deep']) expect((await stat(join(slot, folder))).mode & 0o7777).toBe(0o755);
    expect(await verifyTree(slot, fileEntries(FILES))).toEqual({ ok: true, value: undefined });
  });

  it('gives the same tree however the bytes are cut, chunked and padded', async () => {
    const tar = tarOf(FILES);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<Artefact['format']>('tar', 'tar.gz', 'tar.zst'),
        fc.integer({ min: 1, max: 200_000 }),
        fc.integer({ min: 65_536, max: 300_000 }),
        fc.integer({ min: 0, max: 20 }),
        async (format, pieceBytes, chunkBytes, blocks) => {
          const folder = join(root, `run-${run++}`);
          const padded = Buffer.concat([tar, Buffer.alloc(blocks * 512)]);
          const bytes = formats.find(([name]) => name === format)![1](padded);
          const artefact = recordOf(bytes, FILES, format, chunkBytes);
          const verdict = await tarUnpacker.unpack(inPieces(bytes, Math.max(pieceBytes, 500)), artefact, folder, {
            signal: new AbortController().signal,
            onProgress: () => undefined,
          });
          expect(verdict).toMatchObject({ ok: true });
          expect(await verifyTree(folder, artefact.files)).toMatchObject({ ok: true });
        },
      ),
      { numRuns: 25, seed: 20260102 },
    );
  });

  it('reads what GNU tar packs: folders, long names, padding, a gzip member with a name', async () => {
    const files: ListedFile[] = [...FILES, { path: LONG, content: 'far down' }];
    const folder = join(root, 'from');
    for (const file of files) {
      await mkdir(dirname(join(folder, file.path)), { recursive: true });
      await writeFile(join(folder, file.path), file.content);
      await chmod(join(folder, file.path), Number.parseInt(file.mode ?? '0644', 8));
    }
    const run = promisify(execFile);
    for (const format of ['gnu', 'pax', 'ustar']) {
      const path = join(root, `${format}.tar`);
      const names = (await readdir(folder)).sort();
      await run('tar', ['-c', `--format=${format}`, '-C', folder, '-f', path, ...names]);
      await run('gzip', ['-f', '-N', path]);
      const bytes = await readFile(`${path}.gz`);
      slot = join(root, `slot-${format}`);
      expect(await unpack(inPieces(bytes), recordOf(bytes, files))).toMatchObject({ ok: true });
      expect(await verifyTree(slot, fileEntries(files))).toMatchObject({ ok: true });
    }
  });

  it('takes long paths from pax records and listed folders as entries', async () => {
    const files: ListedFile[] = [...SLOT, { path: LONG, content: 'far down' }];
    const tar = Buffer.concat([
      headerBlock({ path: 'lib/', type: 'Directory', mode: 0o700 }),
      ...SLOT.map((file) => entry(file.path, file.content, { mode: Number.parseInt(file.mode ?? '0644', 8) })),
      paxBlocks({ path: LONG }),
      entry('short', 'far down'),
      END_MARKER,
    ]);
    expect(await unpack(inPieces(gz(tar)), recordOf(gz(tar), files))).toMatchObject({ ok: true });
    expect((await stat(join(slot, 'lib'))).mode & 0o777).toBe(0o755);
  });

  it('reports what it received, up to the whole', async () => {
    const bytes = gz(tarOf(FILES));
    const seen: number[] = [];
    await unpack(inPieces(bytes), recordOf(bytes, FILES), undefined, ({ receivedBytes, totalBytes }) => {
      expect(totalBytes).toBe(bytes.length);
      seen.push(receivedBytes);
    });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(bytes.length);
  });

  it('hands every chunk on once it is verified, and ends when that fails', async () => {
    const bytes = gz(tarOf(FILES));
    const artefact = recordOf(bytes, FILES);
    const seen: string[] = [];
    const options = { signal: new AbortController().signal, onProgress: () => undefined };
    const onChunk = async (chunk: Uint8Array) => void seen.push(sha256(chunk));
    expect(await tarUnpacker.unpack(inPieces(bytes), artefact, slot, { ...options, onChunk })).toMatchObject({ ok: true });
    expect(seen).toEqual(artefact.chunk_sha256);
    await rm(slot, { recursive: true });
    const full = async () => Promise.reject(new CodedError('upgrade_disk_full'));
    expect(await tarUnpacker.unpack(inPieces(bytes), artefact, slot, { ...options, onChunk: full })).toMatchObject({
      code: 'upgrade_disk_full',
    });
    expect(await readdir(root)).toEqual([]);
  });

  it('writes a slot of thousands of small files, some large ones between them', async () => {
    const many: ListedFile[] = Array.from({ length: 1_500 }, (_, index) => ({
      path: `modules/m${index % 40}/file-${index}`,
      content: noise(index % 700, index + 1),
      mode: index % 9 === 0 ? '0755' : '0644',
    }));
    many.splice(700, 0, ...SLOT, { path: 'modules/large', content: noise(90_000) });
    const bytes = gz(tarOf(many));
    expect(await unpack(inPieces(bytes), recordOf(bytes, many))).toEqual({ ok: true, value: undefined });
    expect(await verifyTree(slot, fileEntries(many))).toEqual({ ok: true, value: undefined });
    await rm(slot, { recursive: true });
    const altered = gz(tarOf(many.map((file, index) => (index === 1_400 ? { ...file, content: noise(file.content.length, 9) } : file))));
    expect(await unpack(inPieces(altered), recordOf(altered, many))).toMatchObject({ code: 'upgrade_extract_failed' });
    expect(await readdir(root)).toEqual([]);
  });

  it('keeps no piece of the input once the chunk is written', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const content = Buffer.alloc(8_000_000);
    const files: ListedFile[] = [{ path: 'bin/edge', content, mode: '0755' }];
    const bytes = tarOf(files);
    const pieces: WeakRef<Uint8Array>[] = [];
    async function* input(): AsyncGenerator<Uint8Array> {
      for await (const piece of inPieces(bytes, 40_000)) {
        const copy = Buffer.from(new Uint8Array(piece).buffer);
        pieces.push(new WeakRef(copy));
        yield copy;
        // A WeakRef holds its target until the turn is over.
        await new Promise(setImmediate);
      }
      collect();
    }
    expect(await unpack(input(), recordOf(bytes, files, 'tar'))).toMatchObject({ ok: true });
    expect(pieces.length).toBeGreaterThan(190);
    expect(pieces.filter((piece) => piece.deref() !== undefined).length).toBeLessThan(10);
  });

  it('asks for no more than two chunks beyond what is on the disk', async () => {
    // The first chunk is wrong: whatever was asked for until the refusal came is what may have been in memory.
    const bytes = noise(2_000_000);
    let taken = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const piece of inPieces(bytes)) {
        taken += piece.length;
        yield piece;
      }
    }
    const artefact = recordOf(bytes);
    const verdict = await unpack(counted(), { ...artefact, chunk_sha256: [artefact.chunk_sha256[1]!, ...artefact.chunk_sha256.slice(1)] });
    expect(verdict).toMatchObject({ code: 'upgrade_checksum_mismatch', details: { chunk: 0 } });
    expect(taken).toBeLessThanOrEqual(2 * artefact.chunk_size);
  });
});

describe('what goes wrong around the archive leaves nothing behind', () => {
  const bytes = gz(tarOf(FILES));
  const artefact = recordOf(bytes, FILES);
  async function* failing(error: Error): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 200_000);
    throw error;
  }

  it('a coded failure of the input keeps its code and details', async () => {
    expect(await unpack(failing(new CodedError('upgrade_network_error', { host: 'mirror' })), artefact)).toEqual({
      ok: false,
      code: 'upgrade_network_error',
      details: { host: 'mirror' },
    });
    expect(await readdir(root)).toEqual([]);
  });

  it('a bug of the input stays a throw', async () => {
    await expect(unpack(failing(new RangeError('bug')), artefact)).rejects.toThrow(RangeError);
    expect(await readdir(root)).toEqual([]);
  });

  it('an abort ends it while the input is silent, with the code of the reason', async () => {
    for (const [reason, code] of [
      [new CodedError('upgrade_cancelled'), 'upgrade_cancelled'],
      [undefined, 'upgrade_interrupted'],
    ] as const) {
      const abort = new AbortController();
      async function* silent(): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, 200_000);
        abort.abort(reason);
        await new Promise(() => undefined);
      }
      expect(await unpack(silent(), artefact, abort.signal)).toMatchObject({ ok: false, code });
      expect(await readdir(root)).toEqual([]);
    }
  });

  it('somebody else who writes into the slot meanwhile is noticed at the end', async () => {
    async function* interfered(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 200_000);
      await writeFile(join(slot, 'lib/extra'), '');
      yield bytes.subarray(200_000);
    }
    expect(await unpack(interfered(), artefact)).toEqual({
      ok: false,
      code: 'upgrade_extract_failed',
      details: { rule: 'tree: not listed', entry: 'lib/extra' },
    });
    expect(await readdir(root)).toEqual([]);
  });

  it('a signal aborted beforehand creates nothing', async () => {
    expect(await unpack(inPieces(bytes), artefact, AbortSignal.abort())).toMatchObject({ code: 'upgrade_interrupted' });
    expect(await readdir(root)).toEqual([]);
  });

  it('a folder that is there already is refused and left as it is', async () => {
    await mkdir(slot);
    await writeFile(join(slot, 'mine'), 'kept');
    expect(await unpack(inPieces(bytes), artefact)).toMatchObject({ code: 'upgrade_storage_error', details: { error: 'EEXIST' } });
    expect(await readFile(join(slot, 'mine'), 'utf8')).toBe('kept');
  });

  it('a link in the place of the folder is refused and not followed', async () => {
    await mkdir(join(root, 'elsewhere'));
    await symlink(join(root, 'elsewhere'), slot);
    expect(await unpack(inPieces(bytes), artefact)).toMatchObject({ code: 'upgrade_storage_error' });
    expect(await readdir(join(root, 'elsewhere'))).toEqual([]);
  });

  it('a missing staging folder is a storage error', async () => {
    slot = join(root, 'missing/slot');
    expect(await unpack(inPieces(bytes), artefact)).toMatchObject({ code: 'upgrade_storage_error', details: { error: 'ENOENT' } });
  });
});

it('a gzip member may carry every optional header field', async () => {
  const plain = gzipSync(tarOf(SLOT));
  const header = Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3]);
  const fields = Buffer.concat([Buffer.from([3, 0, 1, 2, 3]), Buffer.from('name\0comment\0'), Buffer.from([9, 9])]);
  const bytes = Buffer.concat([header, fields, plain.subarray(10)]);
  expect(await unpack(inPieces(bytes), recordOf(bytes))).toMatchObject({ ok: true });
});
