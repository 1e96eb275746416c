import { describe, expect, it } from '@jest/globals';
import { refuse } from '@tidegate/contract-errors';
import { ageSecs } from './attempt-age.ts';
import type { AttemptRecord } from './node-state.ts';
import { anUpgrade, boot, ended, settled } from './testing/engine-bench.ts';
import { aManifest, createFakeNode, OPEN_POLICY, type FakeNode } from './testing/fake-node.ts';

const clockAt = (now: string, bootId: string, uptimeSecs: number) => ({
  now: () => new Date(now),
  bootId: () => bootId,
  uptimeSecs: () => uptimeSecs,
  every: () => () => undefined,
});
const step = (bootId: string, uptimeSecs: number) => ({ state: 'fetching', at: '', bootId, uptimeSecs, tookSecs: null });
const accepted = (at: string, steps: ReturnType<typeof step>[] = []) =>
  ({ acceptedAt: at, acceptedBootId: 'a', acceptedUptimeSecs: 100, steps: [step('a', 100), ...steps] }) as unknown as AttemptRecord;
const noon = '2026-03-01T12:00:00Z';

describe('the age of an attempt', () => {
  it.each([
    ['same boot', accepted(noon), clockAt('2026-03-01T12:00:40Z', 'a', 140), 40],
    ['same boot, clock stepped a century', accepted(noon), clockAt('2099-01-01T00:00:00Z', 'a', 140), 40],
    ['same boot, clock stepped to 1980', accepted(noon), clockAt('1980-01-01T00:00:00Z', 'a', 140), 40],
    ['next boot, a day later', accepted(noon), clockAt('2026-03-02T12:00:00Z', 'b', 30), 86_400],
    ['next boot, clock lost: time on', accepted(noon, [step('a', 150)]), clockAt('1980-01-01T00:00:30Z', 'b', 30), 80],
    ['next boot, clock found: time on', accepted('1980-01-01T00:00:00Z', [step('a', 150)]), clockAt(noon, 'b', 30), 80],
    ['set back from 2099: time on', accepted('2099-01-01T00:00:00Z'), clockAt(noon, 'b', 30), 30],
    ['third boot', accepted('2099-01-01T00:00:00Z', [step('a', 150), step('b', 500)]), clockAt(noon, 'c', 30), 580],
  ])('%s', (_, attempt, clock, secs) => {
    expect(ageSecs(attempt, clock)).toBe(secs);
  });
});

const failing = async (node: FakeNode): Promise<void> => {
  node.answers.verify = refuse('upgrade_signature_invalid');
  node.publish(aManifest('1.1.0'));
  const engine = await boot(node, limited);
  await engine.accept(anUpgrade('1.1.0'));
  await settled(ended(engine));
};
const limited = { policy: { ...OPEN_POLICY, minAttemptIntervalSecs: 30, maxAttemptsPerDay: 2 } };
const reboot = (node: FakeNode, now: string): void => {
  node.clock.bootId = `boot after ${node.clock.bootId}`;
  node.clock.uptime = 5;
  node.clock.wallMs = Date.parse(now);
};

describe('the rate limit', () => {
  it.each([
    ['2099-06-01T00:00:00Z', '2026-03-01T12:00:00Z'],
    ['1980-01-01T00:00:00Z', '1980-01-01T00:00:00Z'],
    ['2026-03-01T12:00:00Z', '1980-01-01T00:00:00Z'],
  ])('of an attempt at %s, seen at %s after a reboot, holds for its seconds and no longer', async (then, now) => {
    const node = createFakeNode();
    node.clock.wallMs = Date.parse(then);
    await failing(node);
    reboot(node, now);
    const engine = await boot(node, limited);
    expect(await engine.accept(anUpgrade('1.1.0'))).toMatchObject({ error_code: 'upgrade_rate_limited' });
    node.clock.uptime += 30;
    expect(await engine.accept(anUpgrade('1.1.0'))).toMatchObject({ accepted: true });
  });

  it('per day counts on through a clock step', async () => {
    const node = createFakeNode();
    await failing(node);
    node.clock.uptime += 60;
    await failing(node);
    node.clock.wallMs = Date.parse('2099-01-01T00:00:00Z');
    node.clock.uptime += 60;
    const engine = await boot(node, limited);
    expect(await engine.accept(anUpgrade('1.1.0'))).toMatchObject({ error_code: 'upgrade_rate_limited' });
    node.clock.uptime += 86_400;
    expect(await engine.accept(anUpgrade('1.1.0'))).toMatchObject({ accepted: true });
  });
});

describe('the time to live of an interrupted attempt', () => {
  it.each([
    ['the clock is found', '1980-01-01T00:00:00Z', '2026-03-01T12:00:00Z', true],
    ['the clock is lost', '2026-03-01T12:00:00Z', '1980-01-01T00:00:00Z', true],
    ['the clock is set back', '2099-01-01T00:00:00Z', '2026-03-01T12:00:00Z', true],
    ['the machine was off for a week', '2026-03-01T12:00:00Z', '2026-03-08T12:00:00Z', false],
  ])('%s -> goes on: %p', async (_, then, now, goesOn) => {
    const node = createFakeNode();
    node.clock.wallMs = Date.parse(then);
    node.publish(aManifest('1.1.0'));
    node.answers.unpack = () => new Promise(() => undefined);
    const engine = await boot(node);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => engine.report()?.state === 'fetching');
    node.powerOn();
    reboot(node, now);
    const next = await boot(node);
    await settled(() => node.restarts() > 0 || ended(next)());
    expect({ restarts: node.restarts(), code: next.history()[0]?.errorCode }).toEqual(
      goesOn ? { restarts: 1, code: undefined } : { restarts: 0, code: 'upgrade_interrupted' },
    );
  });
});
