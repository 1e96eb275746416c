import { describe, expect, it } from '@jest/globals';
import { accept, refuse } from '@tidegate/contract-errors';
import type { Manifest } from '@tidegate/contract-manifest';
import { createUpgradeEngine } from './index.ts';
import { activated, anUpgrade, boot, ended, names, quiet, settled } from './testing/engine-bench.ts';
import { aManifest, createFakeNode, type FakeNode } from './testing/fake-node.ts';

const withData: Partial<Manifest> = { snapshot: { paths: ['db', 'cache'] } };

const nodeWithData = (): FakeNode => {
  const node = createFakeNode();
  node.disk.data.live.set('db', 'old');
  node.publish(aManifest('1.1.0', withData));
  return node;
};
/** What a candidate does to the data; the guard then takes the node back. */
const spoiled = async (node: FakeNode): Promise<void> => {
  await boot(node);
  node.disk.data.live.set('db', 'new').set('cache', 'made');
  node.guardReverts();
};
const dataOf = (node: FakeNode): Record<string, string> => Object.fromEntries(node.disk.data.live);

describe('a snapshot', () => {
  it('is taken after the drain, with its marker, before the intent and the swap', async () => {
    const node = nodeWithData();
    await activated(node);
    const order = ['save draining', 'snapshot copies', 'snapshot marker', 'intent', 'swap 1.1.0'];
    expect(node.log.filter((what) => order.includes(what))).toEqual(order);
    expect(node.disk.data.mark).toMatchObject({ attempt: 'attempt-1', from: '1.0.0', to: '1.1.0' });
  });

  it('is given back to the old version before anything else, and dropped', async () => {
    const node = nodeWithData();
    await activated(node);
    await spoiled(node);
    node.log.length = 0;
    const old = await boot(node);
    expect(node.log.slice(0, 4)).toEqual(['restore db', 'restore cache', 'drop marker', 'drop copies']);
    expect(dataOf(node)).toEqual({ db: 'old' });
    expect(old.report()).toMatchObject({ state: 'rolled_back', error_code: 'upgrade_rolled_back' });
  });

  it('is given back also when the state file is lost: the marker alone drives it', async () => {
    const node = nodeWithData();
    await activated(node);
    await spoiled(node);
    node.disk.corrupt = true;
    await boot(node);
    expect(dataOf(node)).toEqual({ db: 'old' });
    expect(node.disk.data).toMatchObject({ mark: null, copies: null });
  });

  it('is left to a candidate on trial, and dropped when it is committed', async () => {
    const node = nodeWithData();
    await activated(node);
    await boot(node);
    node.disk.data.live.set('db', 'new');
    await boot(node);
    expect(dataOf(node)).toEqual({ db: 'new' });
    node.guardCommits();
    await boot(node);
    expect(dataOf(node)).toEqual({ db: 'new' });
    expect(node.disk.data).toMatchObject({ mark: null, copies: null });
  });

  it('that cannot be given back makes the node uncertain, keeps its marker, and is tried again at the next start', async () => {
    const node = nodeWithData();
    await activated(node);
    await spoiled(node);
    node.disk.data.restoring = refuse('upgrade_rollback_failed', { path: 'db', errno: 'EIO' });
    const old = await boot(node);
    expect(old.report()).toMatchObject({ state: 'rolled_back', error_code: 'upgrade_rollback_failed' });
    expect(node.disk.spool.at(-1)).toMatchObject({
      name: 'upgrade_rollback_failed',
      severity: 'critical',
      details: { path: 'db', errno: 'EIO' },
    });
    expect(node.disk.data.mark).not.toBeNull();

    node.publish(aManifest('1.2.0', withData));
    await old.accept(anUpgrade('1.2.0'));
    await settled(() => old.history()[0]?.toVersion === '1.2.0');
    expect(old.report()).toMatchObject({ state: 'failed', error_code: 'upgrade_snapshot_failed' });
    expect(node.disk.data.mark).toMatchObject({ attempt: 'attempt-1' });

    node.disk.data.restoring = accept(undefined);
    await boot(node);
    expect(dataOf(node)).toEqual({ db: 'old' });
    expect(node.disk.data.mark).toBeNull();
  });

  it('that does not fit on the disk is refused before the first byte', async () => {
    const node = nodeWithData();
    node.disk.data.live.set('db', 'x'.repeat(1000));
    node.disk.freeBytes = 1500;
    const engine = await boot(node);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(ended(engine));
    expect(engine.report()).toMatchObject({ error_code: 'upgrade_disk_full' });
    expect(node.log).not.toContain('unpack');
  });

  it('is given back whole after a power cut at any change of the way there and back', async () => {
    const whole = nodeWithData();
    await activated(whole);
    const until = whole.log.length;
    await spoiled(whole);
    await boot(whole);
    for (let cut = until; cut <= whole.log.length; cut++) {
      const node = nodeWithData();
      await activated(node);
      await spoiled(node);
      node.cutPowerAfter(cut);
      await createUpgradeEngine(node.parts())
        .recover()
        .catch(() => undefined);
      node.powerOn();
      const old = await boot(node);
      expect({ cut, data: dataOf(node), mark: node.disk.data.mark, copies: node.disk.data.copies }).toEqual({
        cut,
        data: { db: 'old' },
        mark: null,
        copies: null,
      });
      expect(old.report()).toMatchObject({ state: 'rolled_back' });
      expect(names(node).filter((name) => name === 'upgrade_rolled_back')).not.toHaveLength(0);
    }
  });

  it('of an activation that the power cut off is given back and taken again', async () => {
    const whole = nodeWithData();
    await activated(whole);
    for (let cut = 0; cut < whole.log.length; cut++) {
      const node = nodeWithData();
      node.cutPowerAfter(cut);
      const engine = createUpgradeEngine(node.parts());
      const command = anUpgrade('1.1.0');
      await engine
        .recover()
        .then(() => engine.accept(command))
        .catch(() => undefined);
      await quiet();
      node.powerOn();
      await (await boot(node)).accept(command);
      await settled(() => node.restarts() > 0);
      expect({ cut, data: dataOf(node), mark: node.disk.data.mark?.to }).toEqual({ cut, data: { db: 'old' }, mark: '1.1.0' });
    }
  });
});
