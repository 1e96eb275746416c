/** A process that dies before any change it makes to the disk: numbered at node:fs/promises, then started again on what is left. */
import * as real from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { releaseVersion } from '@tidegate/contract-manifest';
import { attemptId } from '@tidegate/contract-protocol';
import type { SnapshotMark, SnapshotStore } from '@tidegate/engine-upgrade';

const CHANGES = ['chmod', 'copyFile', 'lutimes', 'mkdir', 'rename', 'rm', 'symlink', 'utimes'] as const;
const mark: SnapshotMark = {
  attempt: attemptId.parse('attempt-1'),
  from: releaseVersion.parse('1.0.0'),
  to: releaseVersion.parse('1.1.0'),
};
const paths = ['db', 'settings', 'made'];

let changes = 0;
let dieAt = Infinity;
let open: (settings: { root: string; dataDir: string }) => SnapshotStore;
let folder: string;

beforeAll(async () => {
  folder = await real.mkdtemp(join(tmpdir(), 'snapshot-crash-'));
  const counted =
    (act: (...args: unknown[]) => Promise<unknown>) =>
    async (...args: unknown[]) => {
      if (changes >= dieAt) throw new Error('killed');
      changes += 1;
      return act(...args);
    };
  jest.unstable_mockModule('node:fs/promises', () => ({
    ...real,
    ...Object.fromEntries(CHANGES.map((name) => [name, counted(real[name] as never)])),
    // The marker is written through a handle; opening it for writing is the change.
    open: (...args: Parameters<typeof real.open>) => (args[1] === 'wx' ? counted(real.open as never)(...args) : real.open(...args)),
  }));
  ({ createSnapshotStore: open } = await import('./snapshot-store.ts'));
});
afterAll(async () => {
  await real.rm(folder, { recursive: true, force: true });
});

/** A snapshot, a candidate that spoils the data, and the old version giving them back; dies at the n-th change of either half. */
async function live(name: string, died: { taking?: number; restoring?: number }): Promise<{ root: string; changes: number }> {
  const root = join(folder, name);
  const dataDir = join(root, 'data');
  await real.mkdir(join(dataDir, 'db/wal'), { recursive: true });
  await real.writeFile(join(dataDir, 'db/main'), 'old');
  await real.writeFile(join(dataDir, 'db/wal/1'), 'wal');
  await real.writeFile(join(dataDir, 'settings'), 'old');
  changes = 0;
  dieAt = died.taking ?? Infinity;
  const store = open({ root, dataDir });
  await store.take(mark, paths).catch(() => undefined);
  if (died.taking !== undefined) return { root, changes };
  await real.rm(join(dataDir, 'db/wal'), { recursive: true });
  await real.writeFile(join(dataDir, 'db/main'), 'new');
  await real.writeFile(join(dataDir, 'settings'), 'new');
  await real.mkdir(join(dataDir, 'made'));
  changes = 0;
  dieAt = died.restoring ?? Infinity;
  const restored = await store.restore(mark).catch(() => ({ ok: false }));
  if (restored.ok) await store.drop(mark.attempt).catch(() => undefined);
  return { root, changes };
}

async function startAgain(root: string): Promise<void> {
  dieAt = Infinity;
  const store = open({ root, dataDir: join(root, 'data') });
  const pending = await store.pending();
  if (pending) {
    expect(await store.restore(pending)).toMatchObject({ ok: true });
    await store.drop(pending.attempt);
  }
  await store.sweep();
}

async function expectOld(root: string): Promise<void> {
  expect(await real.readdir(join(root, 'data'), { recursive: true })).toEqual(['db', 'settings', 'db/main', 'db/wal', 'db/wal/1']);
  for (const file of ['db/main', 'settings']) expect(await real.readFile(join(root, 'data', file), 'utf8')).toBe('old');
  expect(await real.readdir(join(root, 'snapshots')).catch(() => [])).toEqual([]);
}

describe('a crash', () => {
  it('at any change of taking a snapshot leaves the data alone and nothing behind', async () => {
    const { changes: all } = await live('taken', { taking: 1e9 });
    expect(all).toBeGreaterThan(15);
    for (let at = 0; at < all; at++) {
      const { root } = await live(`taking-${at}`, { taking: at });
      await startAgain(root);
      await expectOld(root);
    }
  });

  it('at any change of giving it back ends with the old data, whole', async () => {
    const { changes: all } = await live('restored', {});
    expect(all).toBeGreaterThan(8);
    for (let at = 0; at < all; at++) {
      const { root } = await live(`restoring-${at}`, { restoring: at });
      await startAgain(root);
      await expectOld(root);
    }
  });
});
