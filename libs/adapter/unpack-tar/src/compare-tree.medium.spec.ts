import { appendFile, chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tarUnpacker, verifyTree } from './index.ts';
import { fileEntries, gz, inPieces, recordOf, SLOT, tarOf } from './testing/archive-builder.ts';

const files = fileEntries(SLOT);
let root: string;
let slot: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'compare-tree-'));
  slot = join(root, 'slot');
  const bytes = gz(tarOf(SLOT));
  await tarUnpacker.unpack(inPieces(bytes), recordOf(bytes), slot, { signal: new AbortController().signal, onProgress: () => undefined });
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('a slot that equals its signed list', () => {
  it('is accepted, also with its statement beside the files', async () => {
    expect(await verifyTree(slot, files)).toEqual({ ok: true, value: undefined });
    await writeFile(join(slot, 'manifest.json'), '{}');
    await writeFile(join(slot, 'manifest.sig.bundle'), '{}');
    expect(await verifyTree(slot, files)).toEqual({ ok: true, value: undefined });
  });
});

describe('a slot that differs is refused with the first difference', () => {
  const damages: [string, () => Promise<unknown>, string, string][] = [
    ['a changed byte', () => writeFile(join(slot, 'lib/deep/main.js'), 'bad()\n'), 'lib/deep/main.js', 'digest'],
    ['a longer file', () => appendFile(join(slot, 'lib/deep/main.js'), '#'), 'lib/deep/main.js', 'size'],
    ['a truncated file', () => writeFile(join(slot, 'bin/edge'), ''), 'bin/edge', 'size'],
    ['a missing file', () => rm(join(slot, 'empty')), 'empty', 'missing'],
    ['a missing folder', () => rm(join(slot, 'lib'), { recursive: true }), 'lib', 'missing'],
    ['another mode', () => chmod(join(slot, 'lib/deep/main.js'), 0o666), 'lib/deep/main.js', 'mode'],
    ['a set-uid bit', () => chmod(join(slot, 'bin/edge'), 0o4755), 'bin/edge', 'mode'],
    ['a folder that others may write', () => chmod(join(slot, 'lib'), 0o777), 'lib', 'mode'],
    ['a slot that others may write', () => chmod(slot, 0o777), '', 'mode'],
    ['a file more', () => writeFile(join(slot, 'lib/extra'), ''), 'lib/extra', 'not listed'],
    ['a folder more', () => mkdir(join(slot, 'lib/more')), 'lib/more', 'not listed'],
    ['a statement that is a link', () => symlink('/etc/passwd', join(slot, 'manifest.json')), 'manifest.json', 'not listed'],
    ['a statement in another folder', () => writeFile(join(slot, 'lib/manifest.json'), ''), 'lib/manifest.json', 'not listed'],
    [
      'a link to the same contents',
      async () => {
        await rename(join(slot, 'bin/edge'), join(root, 'edge'));
        await symlink(join(root, 'edge'), join(slot, 'bin/edge'));
      },
      'bin/edge',
      'kind',
    ],
    [
      'a folder that is a link to the same contents',
      async () => {
        await rename(join(slot, 'lib'), join(root, 'lib'));
        await symlink(join(root, 'lib'), join(slot, 'lib'));
      },
      'lib',
      'kind',
    ],
    [
      'a file in the place of a folder',
      async () => {
        await rm(join(slot, 'lib'), { recursive: true });
        await writeFile(join(slot, 'lib'), '');
      },
      'lib',
      'kind',
    ],
    ['no slot', () => rm(slot, { recursive: true }), '', 'missing'],
  ];
  it.each(damages)('%s', async (_name, damage, path, problem) => {
    await damage();
    expect(await verifyTree(slot, files)).toEqual({ ok: false, code: 'slot_damaged', details: { path, problem } });
  });
});
