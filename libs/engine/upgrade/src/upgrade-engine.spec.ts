import { describe, expect, it } from '@jest/globals';
import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import type { Channel, Manifest } from '@tidegate/contract-manifest';
import type { Command } from '@tidegate/contract-protocol';
import { createUpgradeEngine } from './index.ts';
import { activated, anUpgrade, boot, ended, names, settled } from './testing/engine-bench.ts';
import { aManifest, createFakeNode, digestOf, OPEN_POLICY, version } from './testing/fake-node.ts';

/** A release that has all there is: data to set aside, a migration, a download of several chunks. */
const fullNode = () => {
  const chunk = 64 * 1024;
  const [artefact] = aManifest('1.1.0').artefacts;
  const node = createFakeNode();
  node.disk.data.live.set('db', 'old');
  node.publish(
    aManifest('1.1.0', {
      artefacts: [{ ...artefact!, size: 2 * chunk, chunk_size: chunk, chunk_sha256: [digestOf('1'), digestOf('2')] }],
      migrations: [{ id: 'a', argv: ['bin/tidegate-edge'], timeout_secs: 10, reversible: true }],
      snapshot: { paths: ['db'] },
    }),
  );
  return node;
};

describe('a good upgrade', () => {
  it('is staged, announced to the guard, swapped and restarted, in this order', async () => {
    const node = createFakeNode();
    await activated(node);
    const order = ['unpack', 'install 1.1.0', 'save staged', 'intent', 'save activating', 'swap 1.1.0'];
    expect(node.log.filter((what) => order.includes(what))).toEqual([
      'unpack',
      'install 1.1.0',
      'save staged',
      'save staged',
      'intent',
      'save activating',
      'swap 1.1.0',
    ]);
    expect(node.disk.intent).toMatchObject({ attempt: 'attempt-1', target: '1.1.0', windowSecs: 120 });
    expect(node.disk.links).toMatchObject({ current: '1.1.0', committed: '1.0.0' });
  });

  it('is on trial after the restart, testifies, and ends committed when the guard says so', async () => {
    const node = createFakeNode();
    await activated(node);
    const candidate = await boot(node);
    expect(candidate.trial()).toEqual({ attempt: 'attempt-1' });
    await candidate.testify({ ready: true, authenticated: true, beatUptimeSecs: 12 });
    expect(node.disk.testimony).toMatchObject({ attempt: 'attempt-1', authenticated: true });
    node.guardCommits();
    node.tick();
    await settled(ended(candidate));
    expect(candidate.report()).toMatchObject({ state: 'committed', to_version: '1.1.0' });
    expect(names(node)).toEqual(['upgrade_started', 'upgrade_downloaded', 'upgrade_staged', 'upgrade_completed']);
    expect(await candidate.facts()).toMatchObject({
      runningVersion: '1.1.0',
      committedVersion: '1.1.0',
      previousVersion: '1.0.0',
      highestSequence: 10,
    });
    await settled(() => node.disk.kept === 3);
  });

  it('does not read its own statement again for each beat', async () => {
    const node = createFakeNode();
    const { slots } = node.parts();
    let reads = 0;
    const engine = await boot(node, { slots: { ...slots, readStatement: (of) => (reads++, slots.readStatement(of)) } });
    const { manifestSha256 } = await engine.facts();
    const before = reads;
    expect(await engine.facts()).toMatchObject({ manifestSha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect((await engine.facts()).manifestSha256).toBe(manifestSha256);
    expect(reads).toBe(before);
  });

  it('raises floor and sequence at the commit, not before', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0', { sequence: 20, security_floor: { version: version('1.1.0'), sequence: 15 } }));
    const engine = await boot(node);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => node.restarts() > 0);
    expect(node.disk.state).toMatchObject({ floor: null, highestSequence: 10 });
    node.guardCommits();
    await boot(node);
    expect(node.disk.state).toMatchObject({ floor: { version: '1.1.0', sequence: 15 }, highestSequence: 20, highestCommitted: '1.1.0' });
  });

  it('keeps the sequences of two channels apart: what a nightly counts does not lock the stable channel out', async () => {
    const node = createFakeNode('1.0.0', { sequence: 7, security_floor: { version: version('1.0.0'), sequence: 5 } });
    const both = { policy: { ...OPEN_POLICY, allowedChannels: ['stable' as Channel, 'nightly' as Channel] } };
    const nightly = { channel: 'nightly' as Channel };
    node.publish(aManifest('1.1.0-night.1', { ...nightly, sequence: 901, security_floor: { version: version('1.0.0'), sequence: 900 } }));
    const engine = await boot(node, both);
    await engine.accept(anUpgrade('1.1.0-night.1', nightly));
    await settled(() => node.restarts() > 0);
    node.guardCommits();
    const next = await boot(node, both);
    expect(node.disk.state).toMatchObject({ floor: { sequence: 900 }, floorSequences: { stable: 5, nightly: 900 } });
    node.publish(aManifest('1.1.0', { sequence: 8 }));
    node.publish(aManifest('1.1.1', { sequence: 4 }));
    await next.accept(anUpgrade('1.1.1'));
    await settled(ended(next));
    expect(next.report()).toMatchObject({ error_code: 'upgrade_sequence_too_old' });
    await next.accept(anUpgrade('1.1.0'));
    await settled(() => node.restarts() > 1);
  });

  it('uses a sound slot of the same release that lies there already, and fetches a damaged one again', async () => {
    for (const sound of [true, false]) {
      const node = createFakeNode();
      await activated(node);
      node.guardReverts('manager_unreachable');
      const slot = node.disk.slots.get('1.1.0');
      if (slot) slot.sound = sound;
      const engine = await boot(node);
      node.log.length = 0;
      await engine.accept(anUpgrade('1.1.0'));
      await settled(() => node.restarts() > 1);
      expect(node.log.includes('unpack')).toBe(!sound);
    }
  });
});

describe('a revert', () => {
  it('is recorded by the old version with the guard’s reason and puts the release on the skip list', async () => {
    const node = createFakeNode();
    await activated(node);
    await boot(node);
    node.guardReverts('boot_attempts');
    const old = await boot(node);
    expect(old.report()).toMatchObject({ state: 'rolled_back', error_code: 'upgrade_rolled_back' });
    const event = node.disk.spool.at(-1);
    expect(event).toMatchObject({
      name: 'upgrade_rolled_back',
      severity: 'critical',
      details: { reason: 'boot_attempts', starts: 2, to_version: '1.1.0' },
    });
    expect(node.disk.state?.skipList).toMatchObject([{ version: '1.1.0', reason: 'boot_attempts' }]);
    await old.accept(anUpgrade('1.1.0'));
    await settled(() => old.report()?.state === 'refused');
    expect(old.report()).toMatchObject({ error_code: 'upgrade_skipped_version' });
  });

  it('for want of a manager leaves the release off the skip list', async () => {
    const node = createFakeNode();
    await activated(node);
    node.guardReverts('manager_unreachable');
    await boot(node);
    expect(node.disk.state?.skipList).toEqual([]);
  });

  it('does not let the command run again: its id is remembered outside the versions', async () => {
    const node = createFakeNode();
    const command = await activated(node);
    await boot(node);
    node.guardReverts();
    const old = await boot(node);
    expect(await old.accept(command)).toEqual({ type: 'command_ack', id: command.id, accepted: true, attempt_id: 'attempt-1' });
    expect(old.report()).toMatchObject({ state: 'rolled_back' });
  });

  it('keeps the counters where they were, so that an operator can go back within the floor', async () => {
    const node = createFakeNode();
    await activated(node);
    node.guardCommits();
    await boot(node);
    node.publish(aManifest('1.0.0'));
    const engine = await boot(node);
    await engine.accept(anUpgrade('1.0.0'));
    await settled(() => node.restarts() > 1);
    expect(node.disk.links.current).toBe('1.0.0');
    expect(node.disk.state?.attempt).toMatchObject({ kind: 'return' });
  });

  it('without a verdict (the guard’s record was lost) is still a revert, with reason unknown', async () => {
    const node = createFakeNode();
    await activated(node);
    await boot(node);
    node.disk.links = { ...node.disk.links, current: version('1.0.0') };
    const old = await boot(node);
    expect(old.report()).toMatchObject({ state: 'rolled_back' });
    expect(node.disk.spool.at(-1)?.details).toMatchObject({ reason: 'unknown' });
  });
});

describe('a refusal', () => {
  const policies = [
    ['upgrade_disabled', { enabled: false }],
    ['upgrade_channel_not_allowed', { allowedChannels: [] }],
    ['upgrade_version_too_old', { minVersion: version('1.2.0') }],
  ] as const;
  it.each(policies)('%s by policy leaves nothing but a record and an event', async (code, policy) => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    const engine = await boot(node, { policy: { ...OPEN_POLICY, ...policy } });
    expect(await engine.accept(anUpgrade('1.1.0'))).toMatchObject({ accepted: false, error_code: code });
    expect(names(node)).toEqual(['upgrade_refused']);
    expect(engine.report()).toMatchObject({ state: 'refused', error_code: code });
    expect(node.disk.links.current).toBe('1.0.0');
  });

  it('guard_missing: no upgrade without somebody to take the node back', async () => {
    const node = createFakeNode();
    node.disk.guard = null;
    expect(await (await boot(node)).accept(anUpgrade('1.1.0'))).toMatchObject({ error_code: 'guard_missing' });
  });

  it('upgrade_in_progress while another runs, and during a trial; the running one goes on', async () => {
    const node = createFakeNode();
    await activated(node);
    const candidate = await boot(node);
    expect(await candidate.accept(anUpgrade('1.2.0'))).toMatchObject({ error_code: 'upgrade_in_progress' });
    expect(candidate.trial()).not.toBeNull();
  });

  it('upgrade_rate_limited when a manager flaps the node', async () => {
    const node = createFakeNode();
    node.answers.verify = refuse('upgrade_signature_invalid');
    node.publish(aManifest('1.1.0'));
    const engine = await boot(node, { policy: { ...OPEN_POLICY, minAttemptIntervalSecs: 30 } });
    await engine.accept(anUpgrade('1.1.0'));
    await settled(ended(engine));
    expect(await engine.accept(anUpgrade('1.1.0'))).toMatchObject({ error_code: 'upgrade_rate_limited' });
    node.clock.uptime += 31;
    expect(await engine.accept(anUpgrade('1.1.0'))).toMatchObject({ accepted: true });
  });

  it('for a signed statement of another version, channel or digest', async () => {
    const node = createFakeNode();
    const engine = await boot(node);
    const answers: readonly (readonly [string, Partial<Manifest>, Parameters<typeof anUpgrade>[1]])[] = [
      ['upgrade_manifest_invalid', { version: version('1.3.0') }, {}],
      ['upgrade_channel_not_allowed', { channel: 'beta' as Channel }, {}],
      ['upgrade_provenance_mismatch', {}, { expected_manifest_sha256: digestOf('another') }],
      ['upgrade_engine_too_old', { engines: { agent: version('2.0.0') } }, {}],
      ['upgrade_env_missing', { config: { env: [{ name: 'TOKEN', description: '', required: true, secret: true }], posture: {} } }, {}],
      ['upgrade_arch_mismatch', { artefacts: aManifest('1.1.0').artefacts.map((one) => ({ ...one, arch: 'arm64' as const })) }, {}],
      ['upgrade_manifest_invalid', { migrations: [{ id: 'a', argv: ['x'], timeout_secs: 1, reversible: true }] }, {}],
    ];
    for (const [code, change, action] of answers) {
      node.publish(aManifest('1.1.0', change), '1.1.0');
      const command = anUpgrade('1.1.0', action);
      await engine.accept(command);
      await settled(() => engine.report()?.command_id === command.id && ended(engine)());
      expect(engine.report()).toMatchObject({ error_code: code });
    }
    expect(node.disk.links.current).toBe('1.0.0');
  });
});

describe('a failure before activation', () => {
  it('ends the attempt with its code, clears staging and leaves what runs alone', async () => {
    const failures = [
      ['source', 'upgrade_network_error'],
      ['verify', 'upgrade_identity_not_allowed'],
      ['unpack', 'upgrade_checksum_mismatch'],
    ] as const;
    for (const [where, code] of failures) {
      const node = createFakeNode();
      node.publish(aManifest('1.1.0'));
      node.answers[where] = refuse(code, { why: 'test' });
      const engine = await boot(node);
      await engine.accept(anUpgrade('1.1.0'));
      await settled(ended(engine));
      expect(engine.report()).toMatchObject({ state: 'failed', error_code: code });
      expect(node.disk.spool.at(-1)).toMatchObject({ name: 'upgrade_failed', details: { error_code: code, why: 'test' } });
      expect(node.disk.links).toMatchObject({ current: '1.0.0', committed: '1.0.0' });
      expect(node.disk.staging.size).toBe(0);
    }
  });

  it('checks the disk before the first byte', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    node.disk.freeBytes = 399;
    const engine = await boot(node);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(ended(engine));
    expect(engine.report()).toMatchObject({ error_code: 'upgrade_disk_full' });
    expect(node.log).not.toContain('unpack');
  });
});

describe('a person', () => {
  it('cancels before activation; later it is too late', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    let release = (): void => undefined;
    const held = new Promise<Verdict<void>>((resolve) => (release = () => resolve(accept(undefined))));
    node.answers.unpack = () => held;
    const engine = await boot(node);
    const command = anUpgrade('1.1.0');
    await engine.accept(command);
    await settled(() => engine.report()?.state === 'fetching');
    const cancel: Command = { ...anUpgrade('1.1.0'), action: { kind: 'cancel', command_id: command.id } };
    const answer = engine.accept(cancel);
    await Promise.resolve();
    release();
    expect(await answer).toMatchObject({ accepted: true });
    expect(engine.report()).toMatchObject({ state: 'refused', error_code: 'upgrade_cancelled' });
    expect(await engine.accept({ ...cancel, id: anUpgrade('1.1.0').id })).toMatchObject({ error_code: 'upgrade_not_cancellable' });
  });
});

describe('an interruption', () => {
  it('by a stop is resumed by the next start', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    let release: (() => void) | undefined;
    node.answers.unpack = () => new Promise((resolve) => (release = () => resolve(accept(undefined))));
    const engine = await boot(node);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => release !== undefined);
    const stopped = engine.stop();
    release?.();
    await stopped;
    node.powerOn();
    await boot(node);
    await settled(() => node.restarts() > 0);
    expect(node.disk.links.current).toBe('1.1.0');
  });

  it('that outlives the command’s time to live ends with upgrade_interrupted', async () => {
    const node = createFakeNode();
    node.publish(aManifest('1.1.0'));
    node.answers.unpack = () => new Promise(() => undefined);
    const engine = await boot(node);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => engine.report()?.state === 'fetching');
    node.powerOn();
    node.clock.uptime += 601;
    const next = await boot(node);
    expect(next.report()).toMatchObject({ state: 'failed', error_code: 'upgrade_interrupted' });
  });

  it('that lost the state file leaves floor and sequence of the committed release', async () => {
    const node = createFakeNode();
    node.disk.corrupt = true;
    await boot(node);
    expect(node.disk.state).toMatchObject({ highestCommitted: '1.0.0', highestSequence: 10 });
    expect(names(node)).toEqual(['state_corrupt']);
  });

  const verdicts = ['commits', 'reverts'] as const;
  it.each(verdicts)('by a power cut at any change of the disk still ends in a terminal state (the guard %s)', async (verdict) => {
    const whole = fullNode();
    await activated(whole);
    const changes = whole.log.length;
    expect(changes).toBeGreaterThan(15);
    for (let cut = 0; cut <= changes; cut++) {
      const node = fullNode();
      node.cutPowerAfter(cut);
      const engine = createUpgradeEngine(node.parts());
      const command = anUpgrade('1.1.0');
      await engine
        .recover()
        .then(() => engine.accept(command))
        .catch(() => undefined);
      for (let turn = 0; turn < 500; turn++) await Promise.resolve();

      node.powerOn();
      let after = await boot(node);
      // The manager sends again what was never acknowledged.
      await after.accept(command);
      await settled(() => node.disk.links.current === '1.1.0' || ended(after)());
      if (node.disk.links.current === '1.1.0' && node.disk.links.committed === '1.0.0') {
        await settled(() => node.disk.state?.attempt?.state === 'activating' || node.disk.state?.attempt?.state === 'trial');
        await boot(node);
        if (verdict === 'commits') node.guardCommits();
        else node.guardReverts();
        after = await boot(node);
      }
      const report = after.report();
      expect({ cut, state: report?.state }).toEqual({ cut, state: verdict === 'commits' ? 'committed' : 'rolled_back' });
      // Not once more and not once less than the verdict wants, whatever was cut off.
      expect({ cut, db: node.disk.data.live.get('db') }).toEqual({ cut, db: verdict === 'commits' ? 'old+a' : 'old' });
      expect(node.disk.data).toMatchObject({ mark: null, copies: null });
      expect(node.disk.parts.size + node.disk.staging.size).toBe(0);
      expect(names(node).filter((name) => name === 'upgrade_started').length).toBeGreaterThanOrEqual(1);
      expect(new Set(names(node)).has(verdict === 'commits' ? 'upgrade_completed' : 'upgrade_rolled_back')).toBe(true);
    }
  });
});
