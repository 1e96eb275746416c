import { describe, expect, it } from '@jest/globals';
import { accept, refuse } from '@tidegate/contract-errors';
import type { Manifest } from '@tidegate/contract-manifest';
import { createUpgradeEngine } from './index.ts';
import { activated, anUpgrade, boot, ended, names, settled } from './testing/engine-bench.ts';
import { aManifest, createFakeNode, version, type FakeNode } from './testing/fake-node.ts';

const migration = (id: string, more: Partial<Manifest['migrations'][number]> = {}) => ({
  id,
  argv: ['bin/tidegate-edge', 'migrate', id],
  timeout_secs: 60,
  reversible: true,
  ...more,
});
const two: Partial<Manifest> = { migrations: [migration('a'), migration('b', { timeout_secs: 30 })], snapshot: { paths: ['db'] } };

const nodeWith = (release: Partial<Manifest> = two): FakeNode => {
  const node = createFakeNode();
  node.disk.data.live.set('db', 'old');
  node.publish(aManifest('1.1.0', release));
  return node;
};
const failing = refuse('upgrade_migration_failed', { migration: 'b', exit_status: 3 });
const migrated = (node: FakeNode): string[] => node.log.filter((what) => what.startsWith('migrate '));

describe('migrations', () => {
  it('run inside the trial, in order, before the candidate serves, and give the trial their time', async () => {
    const node = nodeWith();
    await activated(node);
    expect(node.disk.intent).toMatchObject({ windowSecs: 210 });
    const candidate = await boot(node);
    expect(migrated(node)).toEqual(['migrate a', 'migrate b']);
    expect(node.extendedSecs()).toBe(90);
    expect(candidate.trial()).not.toBeNull();
    expect(node.disk.state?.attempt).toMatchObject({ migrationsDone: ['a', 'b'] });
    expect(node.disk.state?.migrations).toEqual([]);
  });

  it('that are done do not run again at the next start, nor after the commit, nor for a later release', async () => {
    const node = nodeWith();
    await activated(node);
    await boot(node);
    await boot(node);
    node.guardCommits();
    await boot(node);
    expect(node.disk.state?.migrations).toMatchObject([
      { id: 'a', version: '1.1.0' },
      { id: 'b', version: '1.1.0' },
    ]);
    node.publish(aManifest('1.2.0', { migrations: [migration('b'), migration('c')] }));
    await activated(node, '1.2.0');
    await boot(node);
    expect(migrated(node)).toEqual(['migrate a', 'migrate b', 'migrate c']);
  });

  it('that are cut off run again: only what was recorded is done', async () => {
    const whole = nodeWith();
    await activated(whole);
    const until = whole.log.length;
    await boot(whole);
    for (let cut = until; cut < whole.log.length; cut++) {
      const node = nodeWith();
      await activated(node);
      node.cutPowerAfter(cut);
      await createUpgradeEngine(node.parts())
        .recover()
        .catch(() => undefined);
      node.powerOn();
      await boot(node);
      expect(node.disk.state?.attempt).toMatchObject({ state: 'trial', migrationsDone: ['a', 'b'], note: null });
      node.guardReverts();
      const old = await boot(node);
      expect({ cut, db: node.disk.data.live.get('db') }).toEqual({ cut, db: 'old' });
      expect(old.report()).toMatchObject({ error_code: 'upgrade_rolled_back' });
    }
  });

  it('that fail end the start; the old version gets its data back and says why', async () => {
    const node = nodeWith();
    await activated(node);
    node.answers.migrate = (id) => (id === 'b' ? failing : accept(undefined));
    await expect(boot(node)).rejects.toMatchObject({ code: 'upgrade_migration_failed', details: { exit_status: 3 } });
    await expect(boot(node)).rejects.toMatchObject({ code: 'upgrade_migration_failed' });
    expect(migrated(node)).toEqual(['migrate a', 'migrate b', 'migrate b']);
    node.guardReverts('boot_attempts');
    const old = await boot(node);
    expect(node.disk.data.live.get('db')).toBe('old');
    expect(old.report()).toMatchObject({ state: 'rolled_back', error_code: 'upgrade_migration_failed' });
    expect(node.disk.spool.at(-1)).toMatchObject({
      name: 'upgrade_rolled_back',
      details: { error_code: 'upgrade_migration_failed', migration: 'b', exit_status: 3, reason: 'boot_attempts' },
    });
    expect(node.disk.state?.migrations).toEqual([]);
  });

  it('that succeed at the second try leave no blame', async () => {
    const node = nodeWith();
    await activated(node);
    node.answers.migrate = () => failing;
    await expect(boot(node)).rejects.toMatchObject({ code: 'upgrade_migration_failed' });
    node.answers.migrate = () => accept(undefined);
    await boot(node);
    expect(node.disk.state?.attempt).toMatchObject({ note: null });
    node.guardReverts();
    expect((await boot(node)).report()).toMatchObject({ error_code: 'upgrade_rolled_back' });
  });

  it('do not run in a candidate that was taken back and not yet stopped', async () => {
    const node = nodeWith();
    await activated(node);
    const candidate = node.disk.links.current;
    node.guardReverts();
    node.disk.links = { ...node.disk.links, current: candidate };
    await boot(node);
    expect(migrated(node)).toEqual([]);
  });

  it('do not run without the snapshot that a revert would give back', async () => {
    const node = nodeWith();
    await activated(node);
    node.disk.data.mark = null;
    await expect(boot(node)).rejects.toMatchObject({ code: 'upgrade_migration_failed' });
    expect(migrated(node)).toEqual([]);
  });

  it('that cannot be undone bar the way back to a version without them', async () => {
    const node = nodeWith({ migrations: [migration('a', { reversible: false })] });
    await activated(node);
    await boot(node);
    node.guardCommits();
    const engine = await boot(node);
    node.publish(aManifest('1.0.0'));
    expect(await engine.rollback()).toMatchObject({ ok: true });
    await settled(ended(engine));
    expect(engine.report()).toMatchObject({ state: 'refused', error_code: 'upgrade_migration_irreversible' });
    expect(names(node).at(-1)).toBe('upgrade_refused');
  });

  it('of a version that was left for an older one run again on the way up', async () => {
    const node = nodeWith();
    await activated(node);
    await boot(node);
    node.guardCommits();
    const engine = await boot(node);
    node.publish(aManifest('1.0.0'));
    await engine.rollback();
    await settled(() => node.restarts() > 1);
    await boot(node);
    node.guardCommits();
    await boot(node);
    expect(node.disk.state?.migrations).toEqual([]);
    await activated(node, '1.1.0');
    await boot(node);
    expect(migrated(node)).toEqual(['migrate a', 'migrate b', 'migrate a', 'migrate b']);
  });

  it('of a lost state file count as done for what is committed', async () => {
    const node = nodeWith({ migrations: [migration('a', { reversible: false })] });
    await activated(node);
    await boot(node);
    node.guardCommits();
    await boot(node);
    node.disk.corrupt = true;
    await boot(node);
    expect(node.disk.state?.migrations).toMatchObject([{ id: 'a', version: '1.1.0', reversible: false }]);
  });
});

describe('what a release wants run is refused before the first byte', () => {
  const check = { id: 'c', kind: 'command' as const, argv: ['bin/none'], timeout_secs: 5 };
  it.each([
    ['a migration that is no program of it', { migrations: [migration('a', { argv: ['bin/sh'] })] }],
    ['a migration of the host', { migrations: [migration('a', { argv: ['/bin/sh'] })] }],
    ['one id twice', { migrations: [migration('a'), migration('a')] }],
    ['more time than a trial has', { migrations: [migration('a', { timeout_secs: 3500 })] }],
    ['a check that is no program of it', { health: { start_timeout_secs: 60, checks: [check] } }],
  ] satisfies [string, Partial<Manifest>][])('%s', async (_, release) => {
    const node = nodeWith(release);
    const engine = await boot(node);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(ended(engine));
    expect(engine.report()).toMatchObject({ state: 'failed', error_code: 'upgrade_manifest_invalid' });
    expect(node.log).not.toContain('unpack');
    expect(node.disk.links.current).toBe(version('1.0.0'));
  });
});
