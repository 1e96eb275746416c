import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sweepUnfinished } from './sweep-unfinished.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sweep-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('what a killed agent left unfinished', () => {
  it('is removed, files and links; what others named is not', async () => {
    for (const folder of ['spool', 'trial', 'versions/1.0.0']) await mkdir(join(root, folder), { recursive: true });
    await symlink('versions/1.1.0', join(root, '.0123456789ab.tmp'));
    await writeFile(join(root, 'trial/.ba9876543210.tmp'), '');
    await writeFile(join(root, 'spool/.aaaaaaaaaaaa.tmp'), 'half a segm');
    await writeFile(join(root, 'versions/1.0.0/.0123456789ab.tmp'), 'of a release');
    for (const name of ['state.json', '.short.tmp', 'x.0123456789ab.tmp', '.0123456789ab.tmp.aside']) await writeFile(join(root, name), '');
    await sweepUnfinished(root);
    expect((await readdir(root)).sort()).toEqual([
      '.0123456789ab.tmp.aside',
      '.short.tmp',
      'spool',
      'state.json',
      'trial',
      'versions',
      'x.0123456789ab.tmp',
    ]);
    expect([await readdir(join(root, 'trial')), await readdir(join(root, 'spool')), await readdir(join(root, 'versions/1.0.0'))]).toEqual([
      [],
      [],
      ['.0123456789ab.tmp'],
    ]);
  });

  it('is not missed where there is nothing, and a folder by such a name is left alone', async () => {
    await mkdir(join(root, '.0123456789ab.tmp/inside'), { recursive: true });
    await sweepUnfinished(root);
    expect(await readdir(root)).toEqual(['.0123456789ab.tmp']);
    await sweepUnfinished(join(root, 'nowhere'));
  });
});
