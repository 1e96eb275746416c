import { describe, expect, it } from '@jest/globals';
import { attemptScript } from './attempt-script.ts';

const said = (behaviour: Parameters<typeof attemptScript>[0]): string[] =>
  attemptScript(behaviour, 10).map((step) => (step.do === 'move' ? step.to : step.do === 'report' ? step.event : step.do));

describe('the script of an attempt', () => {
  it('goes the way of the glossary when nothing is wrong', () => {
    expect(said('sound')).toEqual([
      ...['upgrade_started', 'resolving', 'verifying', 'fetching', 'upgrade_downloaded', 'staged', 'upgrade_staged'],
      ...['draining', 'snapshotting', 'activating', 'respawn', 'trial', 'commit', 'upgrade_completed'],
    ]);
    expect(said('slow')).toEqual(said('sound'));
  });

  it.each([
    ['fail_staging', 'upgrade_failed'],
    ['revert', 'upgrade_rolled_back'],
    ['vanish', 'vanish'],
    ['flap', 'upgrade_completed'],
    ['lie', 'claim'],
  ] as const)('of a node that does %s ends with %s', (behaviour, last) => expect(said(behaviour).at(-1)).toBe(last));

  it('commits nothing that is reverted, vanishes or lies', () => {
    for (const behaviour of ['fail_staging', 'revert', 'vanish', 'lie'] as const) expect(said(behaviour)).not.toContain('commit');
  });

  it('takes ten times as long when slow, and drops after every state when flapping', () => {
    const waits = (behaviour: 'sound' | 'slow'): number =>
      attemptScript(behaviour, 10).reduce((sum, step) => sum + ('afterMs' in step ? step.afterMs : 'downMs' in step ? step.downMs : 0), 0);
    expect(waits('slow')).toBe(10 * waits('sound'));
    expect(said('flap').filter((step) => step === 'drop')).toHaveLength(8);
  });
});
