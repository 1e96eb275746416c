import { execFile } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { releaseVersion } from '@tidegate/contract-manifest';
import { attemptId } from '@tidegate/contract-protocol';
import { emptyState, type SlotStore } from '@tidegate/engine-upgrade';
import { createSlotStore, createStateFile } from './index.ts';

const run = promisify(execFile);
const v = (text: string) => releaseVersion.parse(text);
const attempt = attemptId.parse('attempt-1');
const statement = { manifestBytes: Buffer.from('{"m":1}'), bundleBytes: Buffer.from('{"b":1}') };

let root: string;
let guardDir: string;
let slots: SlotStore;

const unpacked = async (): Promise<string> => {
  const folder = await slots.stagingFolder(attempt);
  await mkdir(join(folder, 'bin'), { recursive: true });
  await writeFile(join(folder, 'bin/edge'), '#!/bin/sh\n');
  await chmod(join(folder, 'bin/edge'), 0o755);
  return folder;
};
const installed = async (version: string): Promise<void> => {
  await slots.install(await unpacked(), v(version), statement);
};
const link = async (name: string, version: string): Promise<void> => {
  await rm(join(root, name), { force: true });
  await symlink(`versions/${version}`, join(root, name));
};
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => value,
    (error: { code?: string }) => error.code,
  );

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slots-'));
  guardDir = await mkdtemp(join(tmpdir(), 'guard-'));
  slots = createSlotStore({ root, guardDir, service: 'edge', bootId: 'boot-1', invocation: 'f'.repeat(32) });
});
afterEach(async () => {
  for (const folder of [root, guardDir]) await rm(folder, { recursive: true, force: true });
});

describe('slots', () => {
  it('an unpacked folder becomes a slot together with its statement', async () => {
    await installed('1.0.0');
    expect(await slots.readStatement(v('1.0.0'))).toMatchObject({ digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await readdir(join(root, 'staging'))).toEqual([]);
    expect((await lstat(join(root, 'versions/1.0.0'))).mode & 0o777).toBe(0o755);
  });

  it('a slot that a link names is neither replaced nor discarded', async () => {
    await installed('1.0.0');
    for (const name of ['current', 'committed', 'previous']) {
      await link(name, '1.0.0');
      expect(await slots.install(await unpacked(), v('1.0.0'), statement)).toMatchObject({ ok: false, code: 'upgrade_storage_error' });
      expect(await codeOf(slots.discardSlot(v('1.0.0')))).toBe('upgrade_storage_error');
      await rm(join(root, name));
    }
    await slots.discardSlot(v('1.0.0'));
    expect(await slots.hasSlot(v('1.0.0'))).toBe(false);
  });

  it('staging is emptied of what an earlier try left', async () => {
    const folder = await unpacked();
    await slots.stagingFolder(attempt);
    expect(await readdir(join(root, 'staging'))).toEqual([]);
    await mkdir(folder);
    await slots.clearStaging();
    expect(await readdir(join(root, 'staging'))).toEqual([]);
  });

  it('pruning is asked of the guard, for all but the newest and the linked', async () => {
    for (const version of ['1.0.0', '1.1.0', '1.2.0', '1.10.0']) await installed(version);
    await link('previous', '1.0.0');
    expect(await slots.requestPrune(2, new Set(['1.1.0', '1.2.0', '1.10.0']))).toEqual([]);
    expect(await readFile(join(root, 'trial/prune'), 'utf8')).toBe('1.1.0\n');
  });

  it('pruning is asked of the guard for what is not known, which keeps no known one out', async () => {
    for (const version of ['1.0.0', '1.1.0', '9.9.9']) await installed(version);
    await mkdir(join(root, 'versions/gone-1.0.0'));
    await mkdir(join(root, 'versions/.1.0.0.pruned'));
    await writeFile(join(root, 'versions/a file'), '');
    await link('current', '1.1.0');
    expect(await slots.requestPrune(2, new Set(['1.0.0']))).toEqual(['9.9.9', 'gone-1.0.0']);
    expect(await readFile(join(root, 'trial/prune'), 'utf8')).toBe('9.9.9\ngone-1.0.0\n');
  });

  it('asks the guard for no more at once than it reads', async () => {
    for (let i = 0; i < 100; i++) await mkdir(join(root, 'versions', `${'x'.repeat(60)}-${i}`), { recursive: true });
    expect(await slots.requestPrune(2, new Set())).toHaveLength(100);
    const request = await readFile(join(root, 'trial/prune'));
    expect(request.length).toBeLessThanOrEqual(4096);
    expect(request.toString().split('\n').length).toBeGreaterThan(50);
  });
});

describe('current', () => {
  it('is swapped to a slot that can be started, and only to such a one', async () => {
    expect(await slots.swapCurrent(v('1.0.0'))).toMatchObject({ ok: false });
    await installed('1.0.0');
    await installed('1.1.0');
    await link('current', '1.0.0');
    expect(await slots.swapCurrent(v('1.1.0'))).toEqual({ ok: true, value: undefined });
    expect(await readlink(join(root, 'current'))).toBe('versions/1.1.0');
    await chmod(join(root, 'versions/1.0.0/bin/edge'), 0o644);
    expect(await slots.swapCurrent(v('1.0.0'))).toMatchObject({ ok: false, code: 'upgrade_storage_error' });
    expect(await readdir(root)).not.toContainEqual(expect.stringMatching(/\.tmp$/));
  });

  it('counts as absent when it is no link into versions', async () => {
    for (const target of ['/etc', '../versions/1.0.0', 'versions/../x', 'versions/1.0.0/bin']) {
      await rm(join(root, 'current'), { force: true });
      await symlink(target, join(root, 'current'));
      expect(await slots.links()).toMatchObject({ current: null });
    }
  });
});

describe('the exchange with the guard', () => {
  it('writes intent and testimony as docs/node-disk.md has them', async () => {
    await slots.writeIntent({ attempt, target: v('1.1.0'), windowSecs: 120, maxSecs: 0, maxBootAttempts: 3, beatIntervalSecs: 15 });
    expect(await readFile(join(root, 'trial/intent'), 'utf8')).toBe(
      'v=1\nattempt=attempt-1\ntarget=versions/1.1.0\nwindow_secs=120\nmax_secs=0\nmax_boot_attempts=3\nbeat_interval_secs=15\n',
    );
    await slots.writeTestimony({ attempt, ready: true, authenticated: true, checks: 'ok', beatUptimeSecs: 12.345 });
    expect(await readFile(join(root, 'trial/testimony'), 'utf8')).toBe(
      `v=1\nattempt=attempt-1\ninvocation=${'f'.repeat(32)}\nboot_id=boot-1\nready=1\nchecks=ok\nauthenticated=1\nbeat_uptime=12.35\n`,
    );
  });

  it('reads a verdict and the guard’s version, and nothing that only looks like them', async () => {
    expect(await slots.verdict()).toBeNull();
    expect(await slots.guardVersion()).toBeNull();
    await writeFile(join(guardDir, 'version'), 'guard=1.2.0\nprotocol=1\n');
    await writeFile(join(guardDir, 'verdict'), 'v=1\nattempt=attempt-1\nverdict=reverted\nreason=deadline\nstarts=2\n');
    expect(await slots.guardVersion()).toBe('1.2.0');
    expect(await slots.verdict()).toEqual({ attempt: 'attempt-1', verdict: 'reverted', reason: 'deadline', starts: 2 });
    await writeFile(join(guardDir, 'verdict'), 'v=2\nattempt=attempt-1\nverdict=reverted\n');
    expect(await slots.verdict()).toBeNull();
    await rm(join(guardDir, 'verdict'));
    await run('mkfifo', [join(guardDir, 'verdict')]);
    expect(await slots.verdict()).toBeNull();
    await rm(join(guardDir, 'verdict'));
    await writeFile(join(root, 'forged'), 'v=1\nattempt=attempt-1\nverdict=committed\n');
    await symlink(join(root, 'forged'), join(guardDir, 'verdict'));
    expect(await slots.verdict()).toBeNull();
  });
});

describe('state.json', () => {
  const path = (): string => join(root, 'state.json');

  it('gives back what was saved, and keeps fields it does not know', async () => {
    const file = createStateFile(path());
    expect(await file.load()).toEqual({ state: null, quarantined: null });
    const state = { ...emptyState(), highestSequence: 7, of_a_newer_version: { kept: true } };
    await file.save(state);
    expect(await file.load()).toEqual({ state, quarantined: null });
  });

  it.each([
    ['torn', (text: string) => text.slice(0, 40)],
    ['altered', (text: string) => text.replace('"highestSequence":7', '"highestSequence":8')],
    ['empty', () => ''],
    ['of another shape', () => '{}\nsha256 44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\n'],
  ])('that is %s is set aside, and the node starts without it', async (_, damage) => {
    const file = createStateFile(path());
    await file.save({ ...emptyState(), highestSequence: 7 });
    await writeFile(path(), damage(await readFile(path(), 'utf8')));
    const loaded = await file.load();
    expect(loaded.state).toBeNull();
    expect(await readdir(root)).toEqual([loaded.quarantined]);
  });

  // A tmpfs of 64 KiB is the full disk; mounting one takes root.
  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot('survives a full disk whole: the old one stays', async () => {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', root]);
    try {
      const file = createStateFile(path());
      await file.save({ ...emptyState(), highestSequence: 7 });
      await writeFile(join(root, 'ballast'), Buffer.alloc(64 * 1024)).catch(() => undefined);
      const large = { ...emptyState(), revoked: Array.from({ length: 1000 }, () => 'a'.repeat(64) as never) };
      expect(await codeOf(file.save(large))).toBe('upgrade_disk_full');
      expect((await file.load()).state).toMatchObject({ highestSequence: 7 });
      expect((await readdir(root)).sort()).toEqual(['ballast', 'state.json']);
    } finally {
      await run('umount', [root]);
    }
  });
});
