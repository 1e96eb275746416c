import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseManifest, type Manifest } from '@tidegate/contract-manifest';
import { list } from 'tar';
import { CHUNK_BYTES, packRelease, type PackedRelease, type PackReleaseOptions } from './index.ts';

const LONG_PATH = `share/${'deep-folder-name/'.repeat(10)}${'n'.repeat(60)}.txt`;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'release-pack-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function build(name: string, files: Record<string, Buffer | string>): Promise<string> {
  const folder = join(root, name);
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
    if (path.startsWith('bin/')) await chmod(join(folder, path), 0o775);
  }
  return folder;
}
const EDGE = {
  'bin/edge': '#!/bin/sh\n',
  'lib/main.js': 'run()',
  'empty.txt': '',
  'lib.txt': 'sorts before the folder lib',
  [LONG_PATH]: 'far down',
};

const options = (folder: string, outDir: string): PackReleaseOptions => ({
  folder,
  outDir: join(root, outDir),
  deviceType: 'demo-edge',
  version: '1.2.0',
  channel: 'stable',
  sequence: 7,
  source: { repository: 'https://github.com/example/edge', revision: 'a'.repeat(40) },
  arch: 'x64',
  variant: 'thin',
  entrypoint: 'bin/edge',
  releasedAt: '2026-01-02T03:04:05Z',
});
function read(packed: PackedRelease): Manifest {
  const parsed = parseManifest(packed.manifestBytes);
  if (!parsed.ok) throw new Error(parsed.code);
  return parsed.value;
}

describe('packing a release', () => {
  it('writes the same bytes for the same contents, whatever the times, umask and order on disk', async () => {
    const first = await build('a', EDGE);
    const second = await build('b', Object.fromEntries(Object.entries(EDGE).reverse()));
    await utimes(join(second, 'lib/main.js'), 1, 1);
    await chmod(join(second, 'lib/main.js'), 0o600);
    const one = await packRelease(options(first, 'out1'));
    const two = await packRelease(options(second, 'out2'));
    expect(two.digest).toBe(one.digest);
    expect(Buffer.compare(await readFile(one.artefactPath), await readFile(two.artefactPath))).toBe(0);
    expect(one.digest).toBe(sha256(await readFile(one.manifestPath)));
  });

  it('gives another identity when one byte changes', async () => {
    const one = await packRelease(options(await build('a', EDGE), 'out1'));
    const two = await packRelease(options(await build('b', { ...EDGE, 'lib/main.js': 'run(!)' }), 'out2'));
    expect(two.digest).not.toBe(one.digest);
  });

  it('lists every file with mode class, size and digest, sorted, and signs for the whole and each chunk', async () => {
    const noise = Buffer.alloc(CHUNK_BYTES + 100_000);
    for (let i = 0, x = 1; i < noise.length; i++) noise[i] = (x = (x * 48271) % 2147483647) & 255;
    const packed = await packRelease(options(await build('a', { ...EDGE, 'lib/noise.bin': noise }), 'out'));
    const artefact = read(packed).artefacts[0]!;
    const bytes = await readFile(packed.artefactPath);
    expect(artefact.files.map((file) => file.path)).toEqual([...Object.keys(EDGE), 'lib/noise.bin'].sort());
    expect(artefact.files.find((file) => file.path === 'bin/edge')).toEqual({
      path: 'bin/edge',
      mode: '0755',
      size: 10,
      sha256: sha256(Buffer.from('#!/bin/sh\n')),
    });
    expect(artefact.files.find((file) => file.path === 'lib/noise.bin')).toMatchObject({ mode: '0644', sha256: sha256(noise) });
    expect(artefact).toMatchObject({
      name: 'demo-edge-1.2.0-x64-thin.tar.gz',
      size: bytes.length,
      sha256: sha256(bytes),
      format: 'tar.gz',
    });
    expect(artefact.chunk_sha256).toEqual([sha256(bytes.subarray(0, CHUNK_BYTES)), sha256(bytes.subarray(CHUNK_BYTES))]);
  });

  it('is an archive that another tar reads, without owners, times or folders', async () => {
    const packed = await packRelease(options(await build('a', EDGE), 'out'));
    const seen: unknown[] = [];
    await list({
      file: packed.artefactPath,
      onReadEntry: (entry) => seen.push([entry.path, entry.type, entry.mode, entry.uid, entry.mtime?.toISOString()]),
    });
    const at = '1980-01-01T00:00:00.000Z';
    expect(seen).toEqual([
      ['bin/edge', 'File', 0o755, 0, at],
      ['empty.txt', 'File', 0o644, 0, at],
      ['lib.txt', 'File', 0o644, 0, at],
      ['lib/main.js', 'File', 0o644, 0, at],
      [LONG_PATH, 'File', 0o644, 0, at],
    ]);
    expect(gunzipSync(await readFile(packed.artefactPath)).length % 512).toBe(0);
  });

  it('keeps optional parts and writes keys in sorted order', async () => {
    const packed = await packRelease({
      ...options(await build('a', EDGE), 'out'),
      security_floor: { version: '1.0.0', sequence: 3 },
      revoked: ['f'.repeat(64)],
    });
    expect(read(packed)).toMatchObject({ security_floor: { version: '1.0.0', sequence: 3 }, revoked: ['f'.repeat(64)] });
    const keys = Object.keys(JSON.parse(new TextDecoder().decode(packed.manifestBytes)) as object);
    expect(keys).toEqual([...keys].sort());
  });
});

describe('what a node would refuse is refused at packing, with nothing left in the folder', () => {
  const refusals: [string, (folder: string) => Promise<Partial<PackReleaseOptions>>][] = [
    ['a symbolic link', async (folder) => (await symlink('/etc/passwd', join(folder, 'lib/link')), {})],
    ['a file in the place of the manifest', async (folder) => (await writeFile(join(folder, 'manifest.json'), '{}'), {})],
    ['a name with a control character', async (folder) => (await writeFile(join(folder, 'a\nb'), ''), {})],
    ['names that differ in case only', async (folder) => (await writeFile(join(folder, 'EMPTY.txt'), ''), {})],
    ['an entry point that is not executable', async () => ({ entrypoint: 'lib/main.js' })],
    ['a version with path tricks', async () => ({ version: '../1.2.0' })],
    ['a version with build metadata', async () => ({ version: '1.2.0+build' })],
    ['an unknown shape of revision', async () => ({ source: { repository: 'https://github.com/example/edge', revision: 'main' } })],
    ['a sequence of zero', async () => ({ sequence: 0 })],
  ];
  it.each(refusals)('%s', async (_name, spoil) => {
    const folder = await build('a', EDGE);
    const packing = packRelease({ ...options(folder, 'out'), ...(await spoil(folder)) });
    await expect(packing).rejects.toMatchObject({ code: 'upgrade_manifest_invalid' });
    expect(await readdir(join(root, 'out'))).toEqual([]);
  });
});
