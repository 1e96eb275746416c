import { fstatSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FileEntry } from '@tidegate/contract-manifest';
import { systemDurability, type Durability } from './durability.ts';
import { SmallFiles } from './small-files.ts';
import { fileEntries } from './testing/archive-builder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'small-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const listed = (path: string, content: string, mode: '0644' | '0755' = '0644'): FileEntry => fileEntries([{ path, content, mode }])[0]!;

function write(files: SmallFiles, path: string, content = path, file = listed(path, content)): Promise<void> | undefined {
  files.begin();
  for (const part of [content.slice(0, 3), content.slice(3)]) files.add(Buffer.from(part));
  return files.write(file);
}

const isOpen = (descriptor: number): boolean => {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    return false;
  }
};

/** What this process holds open there. */
const openBelow = (path: string): string[] =>
  readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/self/fd/${descriptor}`)].filter((target) => target.startsWith(`${path}/`));
    } catch {
      return [];
    }
  });

/** Says what happened to which file, in order; `fails` is the file whose data the disk did not take. */
class RecordedDurability implements Durability {
  readonly events: string[] = [];
  readonly descriptors = new Set<number>();
  readonly #names = new Map<bigint, string>();
  readonly #fails: string | undefined;
  constructor(fails?: string) {
    this.#fails = fails;
  }

  async writeBack(): Promise<void> {
    this.events.push('write back');
    for (const name of await readdir(folder)) this.#names.set((await stat(join(folder, name), { bigint: true })).ino, name);
  }

  async sync(descriptor: number): Promise<void> {
    this.descriptors.add(descriptor);
    const name = this.#names.get(fstatSync(descriptor, { bigint: true }).ino) ?? 'a file that was not written back';
    this.events.push(name);
    if (name === this.#fails) throw Object.assign(new Error('put in by the test'), { code: 'EIO' });
  }
}

describe('the small files of a slot', () => {
  it('have content and mode of the list, whatever the umask', async () => {
    const files = new SmallFiles(folder, systemDurability);
    const before = process.umask(0o077);
    try {
      await write(files, 'run', 'go on', listed('run', 'go on', '0755'));
      await write(files, 'empty', '');
    } finally {
      process.umask(before);
    }
    await files.finish();
    expect(await readFile(join(folder, 'run'), 'utf8')).toBe('go on');
    expect((await stat(join(folder, 'run'))).mode & 0o7777).toBe(0o755);
    expect((await stat(join(folder, 'empty'))).mode & 0o7777).toBe(0o644);
  });

  it('are not created when their digest differs', async () => {
    const files = new SmallFiles(folder, systemDurability);
    expect(() => write(files, 'a', 'other', listed('a', 'these'))).toThrow(expect.objectContaining({ code: 'upgrade_extract_failed' }));
    expect(await readdir(folder)).toEqual([]);
  });

  it('never replace what is there', async () => {
    const files = new SmallFiles(folder, systemDurability);
    await write(files, 'a', 'first');
    expect(() => write(files, 'a', 'second')).toThrow(expect.objectContaining({ code: 'upgrade_storage_error' }));
    await files.settle();
  });

  it('are written back together, then synced each on the descriptor that wrote it, which is closed then', async () => {
    const disk = new RecordedDurability();
    const files = new SmallFiles(folder, disk, 2);
    for (const name of ['a', 'b', 'c']) await write(files, name);
    await files.finish();
    expect(disk.events.filter((event) => event !== 'write back')).toEqual(['a', 'b', 'c']);
    expect(disk.events.filter((event) => event === 'write back')).toHaveLength(2);
    expect([...disk.descriptors].filter(isOpen)).toEqual([]);
  });

  it('are refused where the disk did not take one, also when it says so while later ones are written', async () => {
    const disk = new RecordedDurability('b');
    const files = new SmallFiles(folder, disk, 2);
    const writing = (async () => {
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await write(files, name);
    })();
    await expect(writing).rejects.toMatchObject({ code: 'upgrade_storage_error', details: { error: 'EIO' } });
    await files.settle();
    expect([...disk.descriptors].filter(isOpen)).toEqual([]);
  });

  it('are refused where the disk did not take one of the last', async () => {
    const files = new SmallFiles(folder, new RecordedDurability('c'), 2);
    for (const name of ['a', 'b', 'c']) await write(files, name);
    await expect(files.finish()).rejects.toMatchObject({ code: 'upgrade_storage_error', details: { error: 'EIO' } });
  });

  it('keep three groups open and no more', async () => {
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const disk: Durability = { writeBack: () => held, sync: () => Promise.resolve() };
    const files = new SmallFiles(folder, disk, 2);
    const waits = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => write(files, name));
    const isHeld = async (wait: Promise<void> | undefined): Promise<boolean> =>
      Promise.race([wait?.then(() => false), new Promise<boolean>((resolve) => setImmediate(() => resolve(true)))]).then(
        (is) => is ?? false,
      );
    // The first two groups may be followed by a third; a fourth has to wait until the first is durable.
    expect(await Promise.all([waits[1], waits[3], waits[5]].map(isHeld))).toEqual([false, false, true]);
    goOn();
    await waits[5];
    await files.finish();
  });

  it('leave nothing open when they are given up', async () => {
    const files = new SmallFiles(folder, systemDurability, 2);
    for (const name of ['a', 'b', 'c']) await write(files, name);
    expect(openBelow(folder)).not.toEqual([]);
    await files.settle();
    expect(openBelow(folder)).toEqual([]);
  });
});

describe('writing back a whole file system', () => {
  it('holds nothing up where there is no tool for it', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = folder;
    try {
      await systemDurability.writeBack(folder);
    } finally {
      process.env['PATH'] = path;
    }
  });
});
