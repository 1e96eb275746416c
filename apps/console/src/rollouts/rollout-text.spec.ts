import { describe, expect, it } from '@jest/globals';
import { ROLLOUT_PHASES, TARGET_STATES, type RolloutCounts } from '@tidegate/contract-api';
import { againAfterMs } from './rollout-queries.ts';
import { canBeSkipped, phaseText, secondsText, segmentsOf, thresholdText, timesApart, waveSizeText } from './rollout-text.ts';

const counts = (change: Partial<RolloutCounts>): RolloutCounts => ({
  total: 0,
  pending: 0,
  waiting_offline: 0,
  in_flight: 0,
  committed: 0,
  lost: 0,
  regressed: 0,
  failed: 0,
  rolled_back: 0,
  refused: 0,
  skipped: 0,
  offline: 0,
  removed: 0,
  ...change,
});

describe('the words of a rollout', () => {
  it('tell a halt from a pause by a person', () => {
    expect(phaseText('paused', 'failures')).toEqual(['halted', 'bad']);
    expect(phaseText('paused', 'no_evidence')).toEqual(['halted', 'bad']);
    expect(phaseText('paused', 'paused_by_person')).toEqual(['paused', 'caution']);
    expect(phaseText('completed', 'all_waves_settled')).toEqual(['completed', 'good']);
  });

  it('call every state by a word of its own', () =>
    expect(new Set(ROLLOUT_PHASES.map((phase) => phaseText(phase, 'created')[0])).size).toBe(ROLLOUT_PHASES.length));

  it.each([
    [0, '0s'],
    [90, '90s'],
    [300, '5m'],
    [5400, '90m'],
    [7200, '2h'],
    [86_400, '1d'],
  ])('say %d seconds as %s', (secs, text) => expect(secondsText(secs)).toBe(text));

  it('say shares without what computers add to them', () => {
    expect(waveSizeText({ share: 0.07 })).toBe('7%');
    expect(waveSizeText({ count: 20 })).toBe('20');
    expect(thresholdText({ max_failures: 0, max_share: 0.025, min_sample: 1 })).toBe('2.5%');
    expect(thresholdText({ max_failures: 3, max_share: null, min_sample: 1 })).toBe('3');
  });

  it('take the times out of a sentence, in their places', () => {
    expect(timesApart('Wave 1 settles until 2026-03-01T12:00:00.000Z.')).toEqual([
      'Wave 1 settles until ',
      '2026-03-01T12:00:00.000Z',
      '.',
    ]);
    expect(timesApart('It is complete.')).toEqual(['It is complete.']);
  });
});

describe('the bar of a wave', () => {
  it('counts each node once: one that committed and fell silent since is bad, not good', () =>
    expect(segmentsOf(counts({ total: 10, committed: 6, lost: 1, regressed: 2, failed: 1, in_flight: 2, pending: 1 }))).toEqual([
      { word: 'committed', tone: 'good', nodes: 3 },
      { word: 'fell silent', tone: 'bad', nodes: 1 },
      { word: 'got worse', tone: 'bad', nodes: 2 },
      { word: 'failed', tone: 'bad', nodes: 1 },
      { word: 'in flight', tone: 'live', nodes: 2 },
    ]));

  it('is empty before anything was sent', () => expect(segmentsOf(counts({ total: 3, pending: 3 }))).toEqual([]));
});

describe('what is offered', () => {
  it('leaves a node out only while nothing is done to it and it has not committed', () =>
    expect(TARGET_STATES.filter(canBeSkipped)).toEqual(['pending', 'due', 'failed', 'rolled_back', 'refused', 'offline']));

  it('asks again as long as something happens by itself', () => {
    const ended = '2026-03-01T12:00:00.000Z';
    expect(againAfterMs([])).toBe(false);
    expect(againAfterMs([{ ended_at: ended, waits_for: 'nothing' }])).toBe(false);
    expect(againAfterMs([{ ended_at: ended, waits_for: 'latecomers' }])).toBe(10_000);
    expect(
      againAfterMs([
        { ended_at: ended, waits_for: 'nothing' },
        { ended_at: null, waits_for: 'person' },
      ]),
    ).toBe(2_000);
  });
});
