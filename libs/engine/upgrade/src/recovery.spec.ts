/** The rows of docs/recovery.md that are the engine's. */
import { describe, expect, it } from '@jest/globals';
import { accept, CodedError } from '@tidegate/contract-errors';
import type { Manifest } from '@tidegate/contract-manifest';
import { isTerminal } from '@tidegate/contract-events';
import { emptyState, nodeState, type UpgradeEngine } from './index.ts';
import { activated, anUpgrade, boot, ended, names, quiet, settled } from './testing/engine-bench.ts';
import { aManifest, createFakeNode, version, type FakeNode } from './testing/fake-node.ts';

const withData: Partial<Manifest> = {
  migrations: [{ id: 'a', argv: ['bin/tidegate-edge'], timeout_secs: 10, reversible: true }],
  snapshot: { paths: ['db'] },
};
const nodeWithData = (): FakeNode => {
  const node = createFakeNode();
  node.disk.data.live.set('db', 'old');
  node.publish(aManifest('1.1.0', withData));
  return node;
};

describe('state.json', () => {
  it('missing: the node goes on with the floor of what is committed', async () => {
    const node = createFakeNode('1.0.0', { sequence: 7, security_floor: { version: version('0.9.0'), sequence: 5 } });
    await boot(node);
    expect(node.disk.state).toMatchObject({ highestSequence: 7, floor: { version: '0.9.0', sequence: 5 }, attempt: null });
    expect(names(node)).toEqual([]);
  });

  it('corrupt: set aside, reported, and otherwise as missing', async () => {
    const node = createFakeNode();
    node.disk.corrupt = true;
    await boot(node);
    expect(names(node)).toEqual(['state_corrupt']);
  });

  it('corrupt on a disk that cannot even set it aside: reported all the same', async () => {
    const node = createFakeNode();
    const parts = node.parts();
    const load = () => Promise.reject(new CodedError('upgrade_storage_error', { step: 'load state', errno: 'EROFS' }));
    node.failChanges(0, 1, 'upgrade_storage_error');
    await boot(node, { stateStore: { ...parts.stateStore, load } });
    node.tick();
    await quiet();
    expect(names(node)).toContain('state_corrupt');
  });

  it('lost during a trial: nothing new begins until the guard has spoken', async () => {
    const node = createFakeNode();
    await activated(node);
    node.disk.state = null;
    const candidate = await boot(node);
    expect(await candidate.accept(anUpgrade('1.2.0'))).toMatchObject({ error_code: 'upgrade_in_progress' });
  });
});

describe('links', () => {
  it.each([
    ['committed missing', { committed: null }],
    ['current dangling or missing', { current: null }],
  ])('%s: no upgrade without a guard that mends it, and the node runs', async (_, links) => {
    const node = createFakeNode();
    const engine = await boot(node);
    node.disk.links = { ...node.disk.links, ...links };
    node.publish(aManifest('1.1.0'));
    expect(await engine.accept(anUpgrade('1.1.0'))).toMatchObject({ accepted: false, error_code: 'guard_missing' });
    expect(engine.report()).toMatchObject({ state: 'refused' });
    expect(await engine.facts()).toMatchObject({ runningVersion: '1.0.0' });
  });
});

/** What a manager and a guard do around a node whose disk comes and goes. */
const bringToAnEnd = async (node: FakeNode, engine: UpgradeEngine, command: ReturnType<typeof anUpgrade>): Promise<UpgradeEngine> => {
  let now = engine;
  const aWhile = async (): Promise<void> => {
    for (let round = 0; round < 5; round++) {
      await quiet();
      node.tick();
    }
    await quiet();
  };
  await aWhile();
  if (node.disk.links.current === '1.0.0' && !now.report()) await now.accept(command);
  await aWhile();
  if (node.disk.links.current === '1.1.0' && node.disk.links.committed === '1.0.0') {
    // The supervisor starts a candidate again that its disk ended.
    now = await boot(node).catch(() => boot(node));
    node.guardCommits();
    now = await boot(node);
  }
  return now;
};

describe('a disk error at any change of an attempt', () => {
  const changes = async (): Promise<number> => {
    const whole = nodeWithData();
    await activated(whole);
    return whole.log.length;
  };

  it.each(['upgrade_disk_full', 'upgrade_storage_error'] as const)(
    '%s, once: the attempt ends with a code or goes through',
    async (code) => {
      for (let at = 0; at <= (await changes()); at++) {
        const node = nodeWithData();
        node.failChanges(at, 1, code);
        const engine = await boot(node);
        const command = anUpgrade('1.1.0');
        const ack = await engine.accept(command);
        const last = await bringToAnEnd(node, engine, command);
        const report = last.report();
        const refused = !ack.accepted && report === null;
        expect({ at, ended: refused || (report !== null && isTerminal(report.state)) }).toEqual({ at, ended: true });
        expect(['failed', 'committed', undefined]).toContain(report?.state);
        if (report?.state === 'failed') expect(report.error_code).toBe(code);
        expect(node.disk.staging.size).toBe(0);
        expect(node.disk.links.current).toBe(node.disk.links.committed);
        if (report?.state !== 'committed') expect(node.disk.data.live.get('db')).toBe('old');
      }
    },
  );

  it('a disk that stays full: the node runs, the attempt waits, and ends once there is room', async () => {
    for (let at = 0; at <= (await changes()); at++) {
      const node = nodeWithData();
      node.failChanges(at, Infinity, 'upgrade_disk_full');
      const engine = await boot(node);
      const command = anUpgrade('1.1.0');
      await engine.accept(command);
      await quiet();
      node.tick();
      await quiet();
      expect(await engine.facts()).toMatchObject({ runningVersion: '1.0.0' });
      node.heal();
      const last = await bringToAnEnd(node, engine, command);
      expect({ at, state: last.report()?.state }).toEqual({ at, state: expect.stringMatching(/^(failed|committed)$/) });
      expect(node.disk.staging.size).toBe(0);
      expect(node.disk.data.mark).toBeNull();
    }
  });
});

describe('a start on a disk that takes no writes', () => {
  it('of the committed version serves, refuses what is new, and settles the past once it can', async () => {
    const node = nodeWithData();
    await activated(node);
    await boot(node);
    node.guardReverts();
    node.failChanges(0, Infinity, 'upgrade_storage_error');
    const old = await boot(node);
    expect(await old.facts()).toMatchObject({ runningVersion: '1.0.0' });
    expect(await old.accept(anUpgrade('1.1.0'))).toMatchObject({ accepted: false, error_code: 'upgrade_storage_error' });
    expect(await old.rollback()).toMatchObject({ ok: false, code: 'upgrade_storage_error' });
    node.heal();
    node.tick();
    await settled(ended(old));
    expect(old.report()).toMatchObject({ state: 'rolled_back' });
    expect(node.disk.data.live.get('db')).toBe('old');
  });

  it('of a candidate ends: what it cannot write down it cannot prove', async () => {
    const node = nodeWithData();
    await activated(node);
    node.failChanges(0, Infinity, 'upgrade_disk_full');
    await expect(boot(node)).rejects.toMatchObject({ code: 'upgrade_disk_full' });
    expect(node.log.filter((what) => what.startsWith('migrate'))).toEqual([]);
  });

  it('of a candidate that was committed meanwhile serves', async () => {
    const node = nodeWithData();
    await activated(node);
    await boot(node);
    node.guardCommits();
    node.failChanges(0, Infinity, 'upgrade_disk_full');
    const engine = await boot(node);
    node.heal();
    node.tick();
    await settled(ended(engine));
    expect(engine.report()).toMatchObject({ state: 'committed' });
  });
});

describe('events', () => {
  it('that the spool takes only later are sent then, in order', async () => {
    const node = createFakeNode();
    let full = true;
    const parts = node.parts();
    const events = {
      append: (event: Parameters<typeof parts.events.append>[0]) => (full ? Promise.reject(new Error('full')) : parts.events.append(event)),
    };
    const engine = await boot(node, { events });
    await engine.accept(anUpgrade('1.1.0'));
    await settled(ended(engine));
    expect(names(node)).toEqual([]);
    full = false;
    node.tick();
    await settled(() => names(node).length === 2);
    expect(names(node)).toEqual(['upgrade_started', 'upgrade_failed']);
  });
});

describe('a slot that nobody here put there', () => {
  const stray = (node: ReturnType<typeof createFakeNode>, name: string): void => {
    node.disk.slots.set(name, node.disk.slots.get('1.0.0')!);
  };

  it('is reported and its deletion asked for when a candidate was taken back', async () => {
    const node = createFakeNode();
    await activated(node);
    stray(node, '9.9.9');
    node.guardReverts('target_moved');
    await boot(node);
    expect(node.disk.pruneRequests).toEqual([['9.9.9']]);
    expect(node.disk.spool.at(-1)).toMatchObject({ name: 'slot_unknown', severity: 'warning', details: { names: ['9.9.9'], count: 1 } });
    expect(node.disk.slots.has('1.1.0')).toBe(true);
  });

  it('is found by the daily look, never while an attempt runs, and not by a request for its version', async () => {
    const node = createFakeNode();
    stray(node, '1.0.9');
    const engine = await boot(node);
    await engine.accept(anUpgrade('1.0.9'));
    await settled(ended(engine));
    expect(engine.history()[0]).toMatchObject({ toVersion: '1.0.9', errorCode: 'upgrade_release_not_found' });
    node.publish(aManifest('1.1.0'));
    let finish = (): void => undefined;
    node.answers.unpack = () => new Promise((resolve) => (finish = () => resolve(accept(undefined))));
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => engine.report()?.state === 'fetching');
    node.tick();
    await quiet();
    expect(node.disk.pruneRequests).toEqual([]);
    const cancelled = engine.cancel();
    finish();
    await cancelled;
    node.tick();
    await settled(() => node.disk.pruneRequests.length > 0);
    expect(node.disk.pruneRequests).toEqual([['1.0.9']]);
  });

  it('cannot cost the node an end: a disk that takes no request is asked again', async () => {
    const node = createFakeNode();
    await activated(node);
    stray(node, '9.9.9');
    node.guardReverts('deadline');
    const { slots } = node.parts();
    const requestPrune = async (): Promise<never> => {
      throw new CodedError('upgrade_disk_full');
    };
    const engine = await boot(node, { slots: { ...slots, requestPrune } });
    expect(engine.report()).toMatchObject({ state: 'rolled_back' });
  });
});

describe('a stop', () => {
  it('comes after what is being written down, so that nothing half-written stays', async () => {
    const node = createFakeNode();
    await activated(node);
    const { stateStore } = node.parts();
    let write = (): void => undefined;
    let writes = 0;
    const save: typeof stateStore.save = async (state) => {
      if (state.attempt === null && writes++ === 0) await new Promise<void>((resolve) => (write = resolve));
      await stateStore.save(state);
    };
    const engine = await boot(node, { stateStore: { ...stateStore, save } });
    node.guardCommits();
    node.tick();
    await settled(() => writes > 0);
    let stopped = false;
    const stopping = engine.stop().then(() => (stopped = true));
    await quiet();
    expect(stopped).toBe(false);
    write();
    await stopping;
    expect(node.disk.state?.attempt).toBeNull();
  });
});

describe('a state that a newer version wrote', () => {
  it('keeps its memory although one of its events has a name this version does not know', () => {
    const event = { name: 'slot_of_the_future', severity: 'info', details: {} };
    expect(nodeState.parse({ ...emptyState(), highestSequence: 7, outbox: [event] })).toMatchObject({
      highestSequence: 7,
      outbox: [event],
    });
  });
});

describe('the committed version', () => {
  it('is compared with its signed list when nothing else is going on, after a start and then daily', async () => {
    const node = createFakeNode();
    await boot(node);
    node.tick();
    await quiet();
    node.disk.slots.get('1.0.0')!.sound = false;
    node.tick();
    await quiet();
    expect(names(node)).toEqual([]);
    node.clock.uptime += 86_400;
    node.tick();
    await settled(() => names(node).includes('slot_damaged'));
    expect(node.disk.spool.at(-1)).toMatchObject({ severity: 'critical', details: { version: '1.0.0', path: 'bin/tidegate-edge' } });
    node.clock.uptime += 86_400;
    node.tick();
    await quiet();
    expect(names(node)).toEqual(['slot_damaged']);
  });

  it('is left alone while an attempt runs', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    node.answers.unpack = () => new Promise(() => undefined);
    const engine = await boot(node);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => engine.report()?.state === 'fetching');
    node.disk.slots.get('1.0.0')!.sound = false;
    node.tick();
    await quiet();
    expect(names(node)).not.toContain('slot_damaged');
  });
});
