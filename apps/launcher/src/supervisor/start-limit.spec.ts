import { describe, expect, it } from '@jest/globals';

import { nextDelayMs } from './start-limit.ts';

describe('the wait before the next start', () => {
  const limit = { burst: 3, intervalMs: 10_000, maxDelayMs: 4_000 };

  it.each([
    ['no limit', [0, 1, 2, 3, 4, 5], 6, undefined, 100],
    ['a burst of 0 means no limit', [0, 1, 2, 3, 4, 5], 6, { ...limit, burst: 0 }, 100],
    ['below the burst', [0, 1], 2, limit, 100],
    ['at the burst', [0, 1, 2], 3, limit, 200],
    ['beyond the burst it doubles', [0, 1, 2, 3, 4], 5, limit, 800],
    ['up to the longest delay', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 11, limit, 4_000],
    ['starts before the interval are forgotten', [0, 1, 2, 3, 4, 5], 10_004, limit, 100],
  ])('%s', (_name, startedAtMs, nowMs, startLimit, expectedMs) => {
    expect(nextDelayMs(startedAtMs, nowMs, 100, startLimit)).toBe(expectedMs);
  });

  it('is never shorter than the restart delay, not even when the cap is', () => {
    expect(nextDelayMs([0, 1, 2, 3], 4, 9_000, limit)).toBe(9_000);
  });
});
