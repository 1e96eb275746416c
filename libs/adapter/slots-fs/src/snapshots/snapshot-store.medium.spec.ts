import { execFile } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { releaseVersion } from '@tidegate/contract-manifest';
import { attemptId } from '@tidegate/contract-protocol';
import type { SnapshotMark, SnapshotStore } from '@tidegate/engine-upgrade';
import { createSnapshotStore } from '../index.ts';

const run = promisify(execFile);
const mark: SnapshotMark = {
  attempt: attemptId.parse('attempt-1'),
  from: releaseVersion.parse('1.0.0'),
  to: releaseVersion.parse('1.1.0'),
};

let root: string;
let dataDir: string;
let store: SnapshotStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'snapshots-'));
  dataDir = join(root, 'data');
  await mkdir(join(dataDir, 'db/wal'), { recursive: true });
  await writeFile(join(dataDir, 'db/main'), 'old');
  await writeFile(join(dataDir, 'db/wal/1'), 'wal', { mode: 0o600 });
  await symlink('main', join(dataDir, 'db/latest'));
  await utimes(join(dataDir, 'db/main'), 1_000_000, 1_000_000);
  await writeFile(join(dataDir, 'settings'), 'old settings');
  store = createSnapshotStore({ root, dataDir });
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const paths = ['db', 'settings', 'made/later'];
const spoil = async (): Promise<void> => {
  await rm(join(dataDir, 'db'), { recursive: true });
  await mkdir(join(dataDir, 'db'));
  await writeFile(join(dataDir, 'db/main'), 'new schema');
  await writeFile(join(dataDir, 'settings'), 'new settings');
  await mkdir(join(dataDir, 'made/later'), { recursive: true });
};
const expectOld = async (): Promise<void> => {
  expect(await readFile(join(dataDir, 'db/main'), 'utf8')).toBe('old');
  expect(await readdir(join(dataDir, 'db'))).toEqual(['latest', 'main', 'wal']);
  expect(await readFile(join(dataDir, 'settings'), 'utf8')).toBe('old settings');
  expect(await readdir(dataDir)).not.toContainEqual(expect.stringMatching(/tidegate/));
  await expect(lstat(join(dataDir, 'made/later'))).rejects.toMatchObject({ code: 'ENOENT' });
};

describe('a snapshot on disk', () => {
  it('gives back files, modes, times, links and absence', async () => {
    expect(await store.take(mark, paths)).toMatchObject({ ok: true });
    expect(await store.pending()).toEqual(mark);
    await spoil();
    expect(await store.restore(mark)).toEqual({ ok: true, value: undefined });
    await expectOld();
    expect(await readlink(join(dataDir, 'db/latest'))).toBe('main');
    expect((await stat(join(dataDir, 'db/wal/1'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, 'db/main'))).mtimeMs).toBe(1_000_000_000);
    await store.drop(mark.attempt);
    expect(await store.pending()).toBeNull();
    expect(await readdir(join(root, 'snapshots'))).toEqual([]);
  });

  it('shares no file with the data: what is written in place afterwards stays out of it', async () => {
    await store.take(mark, ['settings']);
    await writeFile(join(dataDir, 'settings'), 'in place');
    await store.restore(mark);
    expect(await readFile(join(dataDir, 'settings'), 'utf8')).toBe('old settings');
  });

  it('can be restored again and again, also before it was dropped', async () => {
    await store.take(mark, paths);
    await spoil();
    for (let times = 0; times < 3; times++) expect(await store.restore(mark)).toMatchObject({ ok: true });
    await expectOld();
  });

  it('is found by its marker alone, and swept without one', async () => {
    await store.take(mark, paths);
    expect(await createSnapshotStore({ root, dataDir }).pending()).toEqual(mark);
    await store.sweep();
    expect(await store.pending()).toEqual(mark);
    await rm(join(root, 'snapshots/attempt-1/marker.json'));
    expect(await store.pending()).toBeNull();
    await store.sweep();
    expect(await readdir(join(root, 'snapshots'))).toEqual([]);
  });

  it('with a marker that cannot be read is neither restored nor swept', async () => {
    await store.take(mark, paths);
    for (const text of ['', '{}', '{"v":2}', '[]', 'null', JSON.stringify({ v: 1, ...mark, paths: [{ path: '../x', kind: 'absent' }] })]) {
      await writeFile(join(root, 'snapshots/attempt-1/marker.json'), text);
      await expect(store.pending()).rejects.toMatchObject({ code: 'upgrade_rollback_failed' });
      expect(await store.restore(mark)).toMatchObject({ ok: false, code: 'upgrade_rollback_failed' });
      await store.sweep();
      expect(await readdir(join(root, 'snapshots/attempt-1'))).toContain('data');
    }
  });

  it('is not taken over another one that was not given back', async () => {
    await store.take(mark, paths);
    expect(await store.take({ ...mark, attempt: attemptId.parse('attempt-2') }, paths)).toMatchObject({ code: 'upgrade_snapshot_failed' });
    expect(await readdir(join(root, 'snapshots'))).toEqual(['attempt-1']);
  });

  it('measures what it will copy', async () => {
    expect(await store.measure(['db', 'db/wal', 'nothing'])).toEqual({ ok: true, value: { bytes: 6, entries: 5 } });
  });

  it('never leads through a link, and takes no device', async () => {
    await mkdir(join(root, 'elsewhere'));
    await writeFile(join(root, 'elsewhere/secret'), 'secret');
    await symlink(join(root, 'elsewhere'), join(dataDir, 'way'));
    expect(await store.take(mark, ['way/secret'])).toMatchObject({
      ok: false,
      code: 'upgrade_snapshot_failed',
      details: { path: 'way/secret' },
    });
    expect(await readdir(join(root, 'snapshots'))).toEqual([]);
    expect(await store.take(mark, ['way'])).toMatchObject({ ok: true });
    expect((await lstat(join(root, 'snapshots/attempt-1/data/way'))).isSymbolicLink()).toBe(true);
  });

  it('leaves out pipes and sockets', async () => {
    await run('mkfifo', [join(dataDir, 'db/pipe')]);
    expect(await store.take(mark, ['db'])).toMatchObject({ ok: true });
    expect(await readdir(join(root, 'snapshots/attempt-1/data/db'))).toEqual(['latest', 'main', 'wal']);
  });

  it('goes back where the candidate put a link in the place of a folder', async () => {
    await store.take(mark, ['db/main']);
    await mkdir(join(root, 'elsewhere'));
    await rm(join(dataDir, 'db'), { recursive: true });
    await symlink(join(root, 'elsewhere'), join(dataDir, 'db'));
    expect(await store.restore(mark)).toMatchObject({ ok: true });
    expect(await readFile(join(dataDir, 'db/main'), 'utf8')).toBe('old');
    expect(await readdir(join(root, 'elsewhere'))).toEqual([]);
  });

  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot('of data on another file system is copied back, and says so when that is full, keeping its marker', async () => {
    const elsewhere = join(root, 'mounted');
    await mkdir(elsewhere);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', elsewhere]);
    try {
      await mkdir(join(elsewhere, 'db'));
      for (const name of ['a', 'b']) await writeFile(join(elsewhere, 'db', name), Buffer.alloc(10_000, 'o'));
      const other = createSnapshotStore({ root, dataDir: elsewhere });
      expect(await other.take(mark, ['db'])).toMatchObject({ ok: true });
      // Room for the first file only: the copy beside the data is torn.
      await writeFile(join(elsewhere, 'db/a'), Buffer.alloc(40_000, 'n'));
      expect(await other.restore(mark)).toMatchObject({ ok: false, code: 'upgrade_rollback_failed', details: { errno: 'ENOSPC' } });
      expect(await other.pending()).toEqual(mark);
      await writeFile(join(elsewhere, 'db/a'), 'smaller');
      for (let times = 0; times < 2; times++) expect(await other.restore(mark)).toMatchObject({ ok: true });
      for (const name of ['a', 'b']) expect(await readFile(join(elsewhere, 'db', name), 'utf8')).toBe('o'.repeat(10_000));
      expect(await readdir(elsewhere)).toEqual(['db']);
    } finally {
      await run('umount', [elsewhere]);
    }
  });

  asRoot('that does not fit is refused with the disk’s code and leaves nothing', async () => {
    const small = await mkdtemp(join(tmpdir(), 'small-'));
    await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]);
    try {
      await writeFile(join(dataDir, 'db/main'), Buffer.alloc(100_000));
      const other = createSnapshotStore({ root: small, dataDir });
      expect(await other.take(mark, ['db'])).toMatchObject({ ok: false, code: 'upgrade_disk_full' });
      expect(await readdir(join(small, 'snapshots'))).toEqual([]);
    } finally {
      await run('umount', [small]);
      await rm(small, { recursive: true });
    }
  });

  it('keeps a folder that may not be listed closed', async () => {
    await chmod(join(dataDir, 'db'), 0o700);
    await store.take(mark, ['db']);
    expect((await stat(join(root, 'snapshots'))).mode & 0o777).toBe(0o700);
    await spoil();
    await store.restore(mark);
    expect((await stat(join(dataDir, 'db'))).mode & 0o777).toBe(0o700);
  });
});
