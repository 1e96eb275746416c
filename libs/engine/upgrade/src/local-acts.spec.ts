import { describe, expect, it } from '@jest/globals';
import { refuse } from '@tidegate/contract-errors';
import type { Channel } from '@tidegate/contract-manifest';
import { activated, anUpgrade, aReturn, boot, ended, names, quiet, settled } from './testing/engine-bench.ts';
import { aManifest, createFakeNode, OPEN_POLICY, version } from './testing/fake-node.ts';

const stable = 'stable' as Channel;
const manual = { policy: { ...OPEN_POLICY, manualOnly: true } };
/** 2026-03-01 is a Sunday; the fake node's clock says noon. */
const mondays = { policy: { ...OPEN_POLICY, maintenanceWindow: { days: ['mon' as const], from: '02:00', to: '04:00', timeZone: 'UTC' } } };

describe('a request of a person on the node', () => {
  it('passes the same gate and runs the same attempt, without a command', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    const engine = await boot(node);
    expect(await engine.request({ version: version('1.1.0'), channel: stable })).toEqual({ ok: true, value: 'attempt-1' });
    expect(engine.running()).toMatchObject({ id: 'attempt-1', commandId: null, kind: 'upgrade' });
    expect(await engine.request({ version: version('1.1.0'), channel: stable })).toMatchObject({ code: 'upgrade_in_progress' });
    await settled(() => node.restarts() > 0);
    expect(node.disk.links.current).toBe('1.1.0');
  });

  it('is refused by policy, with a record and an event', async () => {
    const node = createFakeNode();
    const engine = await boot(node, { policy: { ...OPEN_POLICY, enabled: false } });
    expect(await engine.request({ version: version('1.1.0'), channel: stable })).toMatchObject({ code: 'upgrade_disabled' });
    expect(engine.history()).toMatchObject([{ state: 'refused', errorCode: 'upgrade_disabled', commandId: null }]);
    expect(names(node)).toEqual(['upgrade_refused']);
  });

  it('of two at once only one is taken', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    const engine = await boot(node);
    const both = await Promise.all([engine.request({ version: version('1.1.0'), channel: stable }), engine.accept(anUpgrade('1.1.0'))]);
    expect(both).toMatchObject([{ ok: true }, { accepted: false, error_code: 'upgrade_in_progress' }]);
  });
});

describe('manual_only', () => {
  it('stages and waits for an apply, over restarts, and past the command’s time to live', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    const engine = await boot(node, manual);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => engine.running()?.waitsFor === 'person');
    expect(names(node)).toEqual(['upgrade_started', 'upgrade_downloaded', 'upgrade_staged_manual']);
    expect(engine.report()).toMatchObject({ state: 'staged' });

    node.powerOn();
    node.clock.uptime += 100_000;
    const next = await boot(node, manual);
    await settled(() => next.running()?.waitsFor === 'person' && node.watching());
    node.tick();
    await quiet();
    expect(node.restarts()).toBe(0);
    expect(node.disk.links.current).toBe('1.0.0');
    expect(names(node).filter((name) => name === 'upgrade_staged_manual')).toHaveLength(1);

    expect(await next.apply()).toEqual({ ok: true, value: 'attempt-1' });
    await settled(() => node.restarts() > 0);
    expect(node.disk.links.current).toBe('1.1.0');
  });

  it('an apply that the power cut off is remembered', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    const engine = await boot(node, manual);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => engine.running()?.waitsFor === 'person' && node.watching());
    node.cutPowerAfter(node.log.length + 1);
    await engine.apply();
    await quiet();
    node.powerOn();
    await boot(node, manual);
    await settled(() => node.restarts() > 0);
    expect(node.disk.links.current).toBe('1.1.0');
  });

  it('waits thirty days at most', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    const engine = await boot(node, manual);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => engine.running()?.waitsFor === 'person' && node.watching());
    await quiet();
    node.clock.uptime += 30 * 86_400 + 1;
    node.tick();
    await settled(ended(engine));
    expect(engine.report()).toMatchObject({ state: 'refused', error_code: 'upgrade_command_expired' });
  });

  it('an apply with nothing staged is refused, a cancel ends the wait', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    const engine = await boot(node, manual);
    expect(await engine.apply()).toMatchObject({ code: 'upgrade_nothing_staged' });
    expect(await engine.cancel()).toMatchObject({ code: 'upgrade_not_cancellable' });
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => engine.running()?.waitsFor === 'person');
    expect(await engine.cancel()).toMatchObject({ ok: true });
    expect(engine.report()).toMatchObject({ state: 'refused', error_code: 'upgrade_cancelled' });
    expect(node.disk.staging.size).toBe(0);
  });
});

describe('a closed maintenance window', () => {
  it('lets the release be staged, and activates it when it opens', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    const engine = await boot(node, mondays);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => engine.running()?.waitsFor === 'window' && node.watching());
    expect(names(node).at(-1)).toBe('upgrade_staged');
    await quiet();
    node.tick();
    await quiet();
    expect(node.restarts()).toBe(0);
    node.clock.wallMs = Date.parse('2026-03-02T02:00:00Z');
    node.tick();
    await settled(() => node.restarts() > 0);
    expect(node.disk.state?.attempt).toMatchObject({ state: 'activating', waitsFor: null });
  });
});

describe('the time to live of a command', () => {
  const short = { ...anUpgrade('1.1.0'), ttl_secs: 60 };
  const again = () => ({ ...short, id: anUpgrade('1.1.0').id });

  it('ends the wait for a window: what its manager has given up happens no more', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    const engine = await boot(node, mondays);
    await engine.accept(again());
    await settled(() => engine.running()?.waitsFor === 'window' && node.watching());
    await quiet();
    node.clock.uptime += 60;
    node.tick();
    await quiet();
    expect(engine.running()).not.toBeNull();
    node.clock.uptime += 1;
    node.tick();
    await settled(ended(engine));
    expect(engine.report()).toMatchObject({ state: 'refused', error_code: 'upgrade_command_expired' });
    expect(node.restarts()).toBe(0);
  });

  it('is over when the window opens after a restart', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    const engine = await boot(node, mondays);
    await engine.accept(again());
    await settled(() => engine.running()?.waitsFor === 'window' && node.watching());
    node.powerOn();
    node.clock.uptime += 61;
    node.clock.wallMs = Date.parse('2026-03-02T02:00:00Z');
    const next = await boot(node, mondays);
    await settled(ended(next));
    expect(next.report()).toMatchObject({ error_code: 'upgrade_command_expired' });
    expect(node.disk.links.current).toBe('1.0.0');
  });

  it('is over after a download that took longer; the next request finds the release on the disk', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    node.answers.unpack = async () => {
      node.clock.uptime += 61;
      return { ok: true, value: undefined };
    };
    const engine = await boot(node);
    await engine.accept(again());
    await settled(ended(engine));
    expect(engine.report()).toMatchObject({ state: 'refused', error_code: 'upgrade_command_expired' });
    const downloads = node.offsets.length;
    await engine.accept(again());
    await settled(() => node.restarts() > 0);
    expect(node.offsets).toHaveLength(downloads);
  });

  it('does not bind a person: who applies it, or asked for it here, still wants it', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    const engine = await boot(node, mondays);
    await engine.request({ version: version('1.1.0'), channel: stable });
    await settled(() => engine.running()?.waitsFor === 'window' && node.watching());
    await quiet();
    node.clock.uptime += 6 * 86_400;
    node.clock.wallMs = Date.parse('2026-03-09T02:00:00Z');
    node.tick();
    await settled(() => node.restarts() > 0);
  });
});

describe('a rollback by a person', () => {
  it('returns to the previous version at once, also where upgrades wait', async () => {
    const node = createFakeNode();
    await activated(node);
    node.guardCommits();
    const engine = await boot(node, manual);
    node.publish(aManifest('1.0.0'));
    expect(await engine.rollback()).toMatchObject({ ok: true });
    await settled(() => node.restarts() > 1);
    expect(node.disk.links.current).toBe('1.0.0');
    expect(node.disk.state?.attempt).toMatchObject({ kind: 'return', commandId: null });
  });

  it('is refused without a previous version', async () => {
    expect(await (await boot(createFakeNode())).rollback()).toMatchObject({ code: 'upgrade_no_previous' });
  });
});

describe('a return that a manager asks for', () => {
  it('goes back to the previous version from the disk alone, and answers the same command the same way', async () => {
    const node = createFakeNode();
    await activated(node);
    node.guardCommits();
    const engine = await boot(node);
    const command = aReturn('1.0.0');
    const ack = await engine.accept(command);
    expect(ack).toMatchObject({ accepted: true });
    expect(await engine.accept(command)).toEqual(ack);
    await settled(() => node.restarts() > 1);
    expect(node.disk.links.current).toBe('1.0.0');
    expect(node.disk.state?.attempt).toMatchObject({ kind: 'return', commandId: command.id, toVersion: '1.0.0' });
  });

  it('waits for a person where upgrades do: only who stands at the node is not asked again', async () => {
    const node = createFakeNode();
    await activated(node);
    node.guardCommits();
    const engine = await boot(node, manual);
    await engine.accept(aReturn('1.0.0'));
    await settled(() => engine.running()?.waitsFor === 'person');
    expect(node.restarts()).toBe(1);
  });

  it('is refused without a previous version, and when that is another one by now', async () => {
    const fresh = await boot(createFakeNode());
    expect(await fresh.accept(aReturn('1.0.0'))).toMatchObject({ accepted: false, error_code: 'upgrade_no_previous' });
    const node = createFakeNode();
    await activated(node);
    node.guardCommits();
    const engine = await boot(node);
    expect(await engine.accept(aReturn('0.9.0'))).toMatchObject({ accepted: false, error_code: 'upgrade_no_previous' });
    expect(engine.running()).toBeNull();
  });
});

describe('the skip list', () => {
  it('is cleared by a person, for a version', async () => {
    const node = createFakeNode();
    await activated(node);
    node.guardReverts();
    const engine = await boot(node);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => engine.report()?.error_code === 'upgrade_skipped_version');
    expect(await engine.unblock(version('1.2.0'))).toMatchObject({ code: 'upgrade_not_blocked' });
    expect(await engine.unblock(version('1.1.0'))).toMatchObject({ ok: true });
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => node.restarts() > 1);
  });
});

describe('a retry of a skipped release', () => {
  it('that a manager asks for is counted when it begins, once per attempt, and is worth two', async () => {
    const node = createFakeNode();
    await activated(node);
    node.guardReverts();
    let engine = await boot(node);
    for (const retries of [1, 2]) {
      node.answers.unpack = refuse('upgrade_network_error');
      await engine.accept(anUpgrade('1.1.0', { retry_skipped: true }));
      // The damaged slot makes the retry fetch again, which fails: it is counted all the same.
      node.disk.slots.get('1.1.0')!.sound = false;
      await settled(ended(engine));
      expect(node.disk.state?.skipList).toMatchObject([{ version: '1.1.0', retries }]);
      node.disk.slots.set('1.1.0', node.disk.slots.get('1.0.0')!);
    }
    await engine.accept(anUpgrade('1.1.0', { retry_skipped: true }));
    await settled(() => engine.report()?.error_code === 'upgrade_skipped_version');
    await engine.unblock(version('1.1.0'));
    engine = await boot(node);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => engine.running()?.state === 'fetching' || node.restarts() > 1 || ended(engine)());
    expect(engine.report()?.error_code).not.toBe('upgrade_skipped_version');
  });

  it('that was interrupted is not counted again when it goes on', async () => {
    const node = createFakeNode();
    await activated(node);
    node.guardReverts();
    const engine = await boot(node);
    node.disk.slots.get('1.1.0')!.sound = false;
    node.answers.unpack = () => new Promise(() => undefined);
    await engine.accept(anUpgrade('1.1.0', { retry_skipped: true }));
    await settled(() => engine.report()?.state === 'fetching');
    node.powerOn();
    await boot(node);
    await settled(() => node.restarts() > 1);
    expect(node.disk.state?.skipList).toMatchObject([{ version: '1.1.0', retries: 1 }]);
  });
});

describe('what is handed out', () => {
  it('is frozen, a copy, and says how long each step took', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    node.answers.unpack = async () => {
      node.clock.uptime += 7;
      return refuse('upgrade_checksum_mismatch');
    };
    const engine = await boot(node);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(ended(engine));
    const [first] = engine.history();
    expect(first?.steps.map((step) => [step.state, step.tookSecs])).toEqual([
      ['accepted', 0],
      ['resolving', 0],
      ['verifying', 0],
      ['fetching', 7],
      ['failed', null],
    ]);
    expect(() => ((first!.steps[0] as { state: string }).state = 'committed')).toThrow(TypeError);
    expect(() => (engine.history() as unknown[]).push(1)).toThrow(TypeError);
  });
});
