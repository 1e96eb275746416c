import { describe, expect, it } from '@jest/globals';
import type { RolloutCounts } from '@tidegate/contract-api';
import { waveBar } from './rollout-watch.ts';

const NOBODY: RolloutCounts = {
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
};

describe('the bar of a wave', () => {
  it.each<[Partial<RolloutCounts>, string]>([
    [{ total: 4, pending: 4 }, '1 [                ] 0/4'],
    [{ total: 4, committed: 1, in_flight: 1, pending: 2 }, '1 [====----        ] 1/4'],
    [{ total: 4, committed: 4 }, '1 [================] 4/4'],
    [{ total: 4, committed: 2, failed: 1, refused: 1 }, '1 [========xxxx....] 2/4'],
    [{ total: 1000, committed: 998, failed: 1, pending: 1 }, '1 [===============x] 998/1000'],
    [{ total: 1000, committed: 400, rolled_back: 1, pending: 599 }, '1 [======x         ] 400/1000'],
    [{ total: 2, committed: 2, lost: 1 }, '1 [========xxxxxxxx] 2/2'],
    [{}, '1 [                ] 0/0'],
  ])('%j is %s', (counts, bar) => expect(waveBar(0, { ...NOBODY, ...counts })).toBe(bar));
});
