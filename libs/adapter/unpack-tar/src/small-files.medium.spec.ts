import { mkdtemp, readdir, readFile, rm, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FileEntry } from '@tidegate/contract-manifest';
import { SmallFiles } from './small-files.ts';
import { fileEntries } from './testing/archive-builder.ts';
import { syncWhole } from './whole-sync.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'small-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const listed = (path: string, content: string, mode: '0644' | '0755' = '0644'): FileEntry => fileEntries([{ path, content, mode }])[0]!;

function write(files: SmallFiles, path: string, content: string, file = listed(path, content)): void {
  files.begin();
  for (const part of [content.slice(0, 3), content.slice(3)]) files.add(Buffer.from(part));
  files.write(file);
}

describe('the small files of a slot', () => {
  it('have content and mode of the list, whatever the umask', async () => {
    const before = process.umask(0o077);
    try {
      const files = new SmallFiles(folder);
      write(files, 'run', 'go on', listed('run', 'go on', '0755'));
      write(files, 'empty', '');
    } finally {
      process.umask(before);
    }
    expect(await readFile(join(folder, 'run'), 'utf8')).toBe('go on');
    expect((await stat(join(folder, 'run'))).mode & 0o7777).toBe(0o755);
    expect((await stat(join(folder, 'empty'))).mode & 0o7777).toBe(0o644);
  });

  it('are not created when their digest differs', async () => {
    const files = new SmallFiles(folder);
    expect(() => write(files, 'a', 'other', listed('a', 'these'))).toThrow(expect.objectContaining({ code: 'upgrade_extract_failed' }));
    expect(await readdir(folder)).toEqual([]);
  });

  it('never replace what is there', () => {
    const files = new SmallFiles(folder);
    write(files, 'a', 'first');
    expect(() => write(files, 'a', 'second')).toThrow(expect.objectContaining({ code: 'upgrade_storage_error' }));
  });

  it('are durable with their folders after one call for all', async () => {
    const synced: string[] = [];
    const files = new SmallFiles(folder, async (path) => {
      synced.push(path);
      return true;
    });
    write(files, 'a', 'one');
    expect(synced).toEqual([]);
    expect(await files.finish()).toBe(true);
    expect(synced).toEqual([folder]);
  });

  it('are synced one by one when that call fails', async () => {
    const files = new SmallFiles(folder, async () => false);
    for (const name of ['a', 'b', 'c']) write(files, name, 'content');
    expect(await files.finish()).toBe(false);
    // Each is opened for it, so one that cannot be tells.
    await unlink(join(folder, 'b'));
    await expect(files.finish()).rejects.toMatchObject({ code: 'upgrade_storage_error', details: { error: 'ENOENT' } });
  });

  it('are synced one by one when an early call failed: a later one would not tell of the same error again', async () => {
    const answers = [false, true, true];
    const files = new SmallFiles(folder, async () => answers.shift()!, 2);
    for (const name of ['a', 'b', 'c', 'd']) write(files, name, 'content');
    expect(await files.finish()).toBe(false);
    expect(answers).toEqual([]);
  });
});

describe('syncing a whole file system', () => {
  it('says whether it was done', async () => {
    expect(await syncWhole(folder)).toBe(true);
    expect(await syncWhole(join(folder, 'absent'))).toBe(false);
  });
});
