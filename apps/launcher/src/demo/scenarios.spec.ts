import { describe, expect, it } from '@jest/globals';
import type { EventView, UpgradeView } from '@tidegate/contract-api';
import { SCENARIOS, type Outcome } from './scenarios.ts';

const upgrade = {
  id: '0b7c3c0e-4a37-4c0e-8a51-5f1f0a1d2b3c',
  state: 'committed',
  error_code: null,
  error_details: {},
} as unknown as UpgradeView;
const event = (name: string): EventView => ({ name, details: { command_id: upgrade.id } }) as unknown as EventView;
const good: Outcome = {
  upgrade,
  events: [event('upgrade_completed')],
  runningVersion: '1.1.0',
  current: '1.1.0',
  committed: '1.1.0',
  previous: '1.0.0',
  verdict: { verdict: 'committed', reason: 'proved' },
};
const back: Outcome = {
  upgrade: { ...upgrade, state: 'rolled_back', error_code: 'upgrade_rolled_back' },
  events: [event('upgrade_rolled_back')],
  runningVersion: '1.0.0',
  current: '1.0.0',
  committed: '1.0.0',
  previous: null,
  verdict: { verdict: 'reverted', reason: 'deadline' },
};
const scenario = (step: string) => {
  const found = SCENARIOS.find((candidate) => candidate.step === step);
  if (!found) throw new Error(`no scenario ${step}`);
  return found;
};

describe('the scenarios of the demo', () => {
  it('accept an upgrade that was committed on the node and on its disk', () => {
    expect(scenario('A').check(good)).toEqual([]);
  });

  it.each([
    ['the page says committed and the disk does not', { current: '1.0.0' }, 'current'],
    ['the candidate runs but was never committed', { committed: '1.0.0' }, 'committed'],
    ['the node reports another version', { runningVersion: '1.0.0' }, 'running version'],
    ['the event is missing', { events: [] }, 'upgrade_completed'],
    [
      'the event is of another attempt',
      { events: [{ ...event('upgrade_completed'), details: { command_id: 'other' } }] },
      'upgrade_completed',
    ],
    ['the guard said nothing', { verdict: {} }, 'verdict'],
  ])('do not accept it when %s', (_, change, word) => {
    expect(
      scenario('A')
        .check({ ...good, ...change })
        .join('\n'),
    ).toContain(word);
  });

  it('want the deadline to be the reason for a build that never authenticates, and the count for one that exits', () => {
    expect(scenario('C').check(back)).toEqual([]);
    expect(scenario('B').check(back).join()).toContain('boot_attempts');
    expect(scenario('B').check({ ...back, verdict: { verdict: 'reverted', reason: 'boot_attempts' } })).toEqual([]);
  });

  it('want the identity that signed in the details of a refusal of it', () => {
    const refused: Outcome = {
      ...back,
      upgrade: { ...upgrade, state: 'failed', error_code: 'upgrade_identity_not_allowed', error_details: {} },
      events: [event('upgrade_failed')],
      verdict: {},
    };
    expect(scenario('E').check(refused).join()).toContain('identity in the details');
  });
});
