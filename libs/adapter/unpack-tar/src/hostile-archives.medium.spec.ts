import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Artefact } from '@tidegate/contract-manifest';
import { tarUnpacker } from './index.ts';
import {
  END_MARKER,
  entry,
  gz,
  headerBlock,
  inPieces,
  noise,
  padded,
  patchedHeader,
  paxBlocks,
  recordOf,
  SLOT,
  tarOf,
} from './testing/archive-builder.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'unpack-hostile-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const edge = entry('bin/edge', SLOT[0]!.content, { mode: 0o755 });
const empty = entry('empty');
const main = entry('lib/deep/main.js', SLOT[2]!.content);
const good = [edge, empty, main];
const tar = (...parts: Buffer[]): Buffer => Buffer.concat([...parts, END_MARKER]);
const goodTar = tarOf(SLOT);
const link = (type: 'SymbolicLink' | 'Link', path: string, linkpath: string): Buffer => headerBlock({ path, type, linkpath });

async function refused(bytes: Buffer, artefact: Artefact = recordOf(bytes)): Promise<{ code: string; rule: unknown }> {
  const verdict = await tarUnpacker.unpack(inPieces(bytes), artefact, join(root, 'slot'), {
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  if (verdict.ok) throw new Error('was unpacked');
  expect(await readdir(root)).toEqual([]);
  return { code: verdict.code, rule: verdict.details['rule'] };
}

describe('an archive whose every byte is signed, but which is not its file list, is refused whole', () => {
  it('is otherwise unpacked: the same archive without a fault', async () => {
    await expect(refused(gz(goodTar))).rejects.toThrow('was unpacked');
  });

  const archives: [string, Buffer, string][] = [
    ['a file that is not listed', tar(...good, entry('lib/extra.js', 'x')), 'file is not listed'],
    ['a file outside, by dots', tar(...good, entry('../evil', 'x')), 'file is not listed'],
    ['a file outside, by an absolute path', tar(...good, entry('/etc/cron.d/evil', 'x')), 'file is not listed'],
    ['a listed file under another spelling', tar(edge, empty, entry('./lib/deep/main.js', 'run()\n')), 'file is not listed'],
    ['a listed file in other case', tar(edge, empty, entry('lib/deep/MAIN.js', 'run()\n')), 'file is not listed'],
    ['a listed file through dots', tar(edge, empty, entry('lib/x/../deep/main.js', 'run()\n')), 'file is not listed'],
    ['a path cut by a NUL in a pax record', tar(...good, paxBlocks({ path: 'bin/edge\0.txt' }), entry('x', 'x')), 'entry stands twice'],
    ['a path moved by a pax record', tar(...good, paxBlocks({ path: '../../evil' }), entry('empty')), 'file is not listed'],
    ['a global pax record that changes every size', tar(paxBlocks({ size: 600 }, true), ...good), 'size differs from the list'],
    [
      'a long name that hides another',
      tar(
        edge,
        empty,
        main,
        headerBlock({ path: '././@LongLink', type: 'NextFileHasLongPath', size: 7 }),
        padded(Buffer.from('../evil')),
        entry('empty'),
      ),
      'file is not listed',
    ],
    ['a listed file twice', tar(...good, edge), 'entry stands twice'],
    ['a listed file, first with other contents', tar(entry('lib/deep/main.js', 'bad()\n'), ...good), 'entry stands twice'],
    ['a missing file', tar(edge, empty), 'listed file is missing'],
    ['no entry at all', tar(), 'listed file is missing'],
    [
      'a symbolic link in the place of a file',
      tar(edge, empty, link('SymbolicLink', 'lib/deep/main.js', '/etc/passwd')),
      'neither file nor folder',
    ],
    ['a symbolic link in the place of a folder', tar(edge, empty, link('SymbolicLink', 'lib', '/etc'), main), 'neither file nor folder'],
    ['a hard link', tar(edge, empty, link('Link', 'lib/deep/main.js', 'bin/edge')), 'neither file nor folder'],
    ['a device', tar(edge, main, headerBlock({ path: 'empty', type: 'CharacterDevice' })), 'neither file nor folder'],
    ['a block device', tar(edge, main, headerBlock({ path: 'empty', type: 'BlockDevice' })), 'neither file nor folder'],
    ['a FIFO', tar(edge, main, headerBlock({ path: 'empty', type: 'FIFO' })), 'neither file nor folder'],
    ['a contiguous file', tar(edge, main, headerBlock({ path: 'empty', type: 'ContiguousFile' })), 'neither file nor folder'],
    [
      'an unknown type',
      tar(
        ...good,
        patchedHeader({ path: 'empty' }, (block) => block.write('Z', 156)),
      ),
      'entry of an unsupported kind',
    ],
    [
      'a sparse file',
      tar(
        edge,
        main,
        patchedHeader({ path: 'empty' }, (block) => block.write('S', 156)),
      ),
      'entry of an unsupported kind',
    ],
    ['a folder in the place of a file', tar(edge, main, headerBlock({ path: 'empty/', type: 'Directory' })), 'folder is not listed'],
    ['a folder that no listed file lies in', tar(...good, headerBlock({ path: 'extra/', type: 'Directory' })), 'folder is not listed'],
    ['a folder outside', tar(...good, headerBlock({ path: '../', type: 'Directory' })), 'folder is not listed'],
    [
      'a folder twice',
      tar(headerBlock({ path: 'lib/', type: 'Directory' }), headerBlock({ path: 'lib/', type: 'Directory' }), ...good),
      'entry stands twice',
    ],
    ['other contents of the same size', tar(edge, empty, entry('lib/deep/main.js', 'bad()\n')), 'digest differs from the list'],
    ['a file too long', tar(edge, empty, entry('lib/deep/main.js', 'run()\n#')), 'size differs from the list'],
    ['a file too short', tar(edge, empty, entry('lib/deep/main.js', 'run()')), 'size differs from the list'],
    ['a size that a pax record changes', tar(edge, empty, paxBlocks({ size: 600 }), main), 'size differs from the list'],
    [
      'a negative size in base 256',
      tar(
        edge,
        empty,
        patchedHeader({ path: 'lib/deep/main.js' }, (block) => block.fill(0xff, 124, 136)),
      ),
      'size differs from the list',
    ],
    ['an executable where none is listed', tar(edge, entry('empty', '', { mode: 0o755 }), main), 'mode differs from the list'],
    ['a plain file where an executable is listed', tar(entry('bin/edge', SLOT[0]!.content), empty, main), 'mode differs from the list'],
    ['a set-uid file', tar(entry('bin/edge', SLOT[0]!.content, { mode: 0o4755 }), empty, main), 'mode differs from the list'],
    ['a wrong header checksum', tar(edge, empty, Buffer.from(main).fill('9', 148, 154)), 'malformed header'],
    [
      'an empty path',
      tar(
        ...good,
        patchedHeader({ path: 'x' }, (block) => block.fill(0, 0, 100)),
      ),
      'malformed header',
    ],
    [
      'a link target on a plain file',
      tar(
        edge,
        main,
        patchedHeader({ path: 'empty' }, (block) => block.write('/etc/passwd', 157)),
      ),
      'malformed header',
    ],
    ['no end marker', Buffer.concat(good), 'truncated archive'],
    ['half an end marker', Buffer.concat([...good, Buffer.alloc(512)]), 'truncated archive'],
    ['an end in the middle of a file', goodTar.subarray(0, goodTar.indexOf('run()') + 3), 'truncated archive'],
    ['an entry after a lone zero block', tar(edge, Buffer.alloc(512), empty, main), 'entry after a zero block'],
    ['a second archive after the end marker', Buffer.concat([goodTar, goodTar]), 'data after the end marker'],
    ['one byte after the end marker', Buffer.concat([goodTar, Buffer.alloc(9000), Buffer.from('x')]), 'data after the end marker'],
    ['endless zeros after the end marker', Buffer.concat([goodTar, Buffer.alloc(3_000_000)]), 'longer than its signed list allows'],
    ['a bomb of zeros', Buffer.alloc(50_000_000), 'longer than its signed list allows'],
    [
      'a bomb of pax records',
      Buffer.concat([...Array.from({ length: 500 }, () => paxBlocks({ path: 'empty' })), goodTar]),
      'longer than its signed list allows',
    ],
    ['a huge pax record', tar(paxBlocks({ path: 'a'.repeat(40_000) }), ...good), 'entry of an unsupported kind'],
    ['another compressed archive inside', gz(goodTar), 'compressed twice'],
    ['noise', noise(4096), 'malformed header'],
  ];
  it.each(archives)('%s', async (_name, bytes, rule) => {
    expect(await refused(gz(bytes))).toEqual({ code: 'upgrade_extract_failed', rule });
  });
  it.each(archives.filter(([name]) => !name.startsWith('another compressed')))('%s, when it arrives as plain tar', async (_name, bytes) => {
    expect(await refused(bytes, recordOf(bytes, SLOT, 'tar'))).toMatchObject({ code: 'upgrade_extract_failed' });
  });
});

describe('a compressed stream that is not exactly one stream is refused whole', () => {
  const whole = gz(goodTar);
  const flip = (bytes: Buffer, at: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy[at < 0 ? copy.length + at : at]! ^= 1;
    return copy;
  };
  const streams: [string, Buffer, Artefact['format'], string][] = [
    ['a second gzip member', Buffer.concat([whole, gz(tarOf([]))]), 'tar.gz', 'trailing bytes'],
    ['an empty second gzip member', Buffer.concat([whole, gzipSync('')]), 'tar.gz', 'trailing bytes'],
    ['bytes after the gzip member', Buffer.concat([whole, Buffer.from('trailing')]), 'tar.gz', 'trailing bytes'],
    ['zeros after the gzip member', Buffer.concat([whole, Buffer.alloc(100_000)]), 'tar.gz', 'trailing bytes'],
    ['chunks of noise after the gzip member', Buffer.concat([whole, noise(300_000)]), 'tar.gz', 'trailing bytes'],
    ['chunks of noise after the zstd frame', Buffer.concat([zstdCompressSync(goodTar), noise(300_000)]), 'tar.zst', 'trailing bytes'],
    ['a gzip member without its trailer', whole.subarray(0, -8), 'tar.gz', 'decompression'],
    ['half a gzip member', whole.subarray(0, whole.length >> 1), 'tar.gz', 'decompression'],
    ['a wrong gzip check value', flip(whole, -8), 'tar.gz', 'gzip check value'],
    ['a wrong gzip length', flip(whole, -1), 'tar.gz', 'gzip length'],
    ['no gzip', goodTar, 'tar.gz', 'no gzip header'],
    ['reserved gzip flags', flip(flip(whole, 0), 0).fill(0x80, 3, 4), 'tar.gz', 'reserved gzip flags'],
    [
      'a gzip name without an end',
      Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]), Buffer.alloc(400, 'a')]),
      'tar.gz',
      'gzip header too long',
    ],
    ['a gzip header and nothing else', whole.subarray(0, 10), 'tar.gz', 'no gzip data'],
    ['a second zstd frame', Buffer.concat([zstdCompressSync(goodTar), zstdCompressSync(goodTar)]), 'tar.zst', 'trailing bytes'],
    ['bytes after the zstd frame', Buffer.concat([zstdCompressSync(goodTar), Buffer.from('x')]), 'tar.zst', 'trailing bytes'],
    ['half a zstd frame', zstdCompressSync(goodTar).subarray(0, -5), 'tar.zst', 'decompression'],
    ['gzip under the name of zstd', whole, 'tar.zst', 'decompression'],
  ];
  it.each(streams)('%s', async (_name, bytes, format, rule) => {
    expect(await refused(bytes, recordOf(bytes, SLOT, format))).toEqual({ code: 'upgrade_extract_failed', rule });
  });
});

describe('bytes that differ from what was signed never reach the decompressor', () => {
  const files = [...SLOT, { path: 'noise', content: noise(300_000) }];
  const bytes = gz(tarOf(files));
  const record = recordOf(bytes, files);
  const changed = Buffer.from(bytes);
  changed[70_000]! ^= 1;
  const cases: [string, Buffer, Artefact, string][] = [
    ['one bit in a chunk', changed, record, 'chunk'],
    ['a byte too many', Buffer.concat([bytes, Buffer.from('x')]), record, 'too long'],
    ['a byte too few', bytes.subarray(0, -1), record, 'too short'],
    ['nothing', Buffer.alloc(0), record, 'too short'],
    ['another digest of the whole', bytes, { ...record, sha256: record.chunk_sha256[0]! }, 'whole'],
  ];
  it.each(cases)('%s', async (_name, input, artefact, rule) => {
    expect(await refused(input, artefact)).toEqual({ code: 'upgrade_checksum_mismatch', rule });
  });
});
