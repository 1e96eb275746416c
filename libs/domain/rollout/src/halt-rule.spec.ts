import { describe, expect, it } from '@jest/globals';
import { isTooMany, NO_COUNTS, type WaveCounts } from './halt-rule.ts';

const counts = (change: Partial<WaveCounts>): WaveCounts => ({ ...NO_COUNTS, ...change });
const any = { max_failures: 0, max_share: null, min_sample: 1 };
const three = { max_failures: 3, max_share: null, min_sample: 1 };
const tenth = { max_failures: 0, max_share: 0.1, min_sample: 10 };

describe('threshold x sample x denominators', () => {
  it.each<[string, typeof any | typeof tenth, Partial<WaveCounts>, number, boolean]>([
    ['any failure: none', any, { committed: 5 }, 0, false],
    ['any failure: a failed node', any, { failed: 1, in_flight: 4 }, 0, true],
    ['any failure: a reverted node', any, { rolled_back: 1 }, 0, true],
    ['any failure: a committed node that fell silent', any, { committed: 1, lost: 1 }, 0, true],
    ['any failure: a committed node with new failing checks', any, { committed: 1, regressed: 1 }, 0, true],
    ['any failure: refused is none', any, { refused: 5 }, 0, false],
    ['any failure: offline is none', any, { offline: 5 }, 0, false],
    ['any failure: skipped is none', any, { skipped: 5 }, 0, false],
    ['any failure: what a person has seen counts no more', any, { failed: 1 }, 1, false],
    ['any failure: one more after that does', any, { failed: 2 }, 1, true],
    ['three allowed: three', three, { failed: 2, rolled_back: 1 }, 0, false],
    ['three allowed: four', three, { failed: 2, rolled_back: 2 }, 0, true],
    ['a tenth: too few verdicts yet', tenth, { failed: 5, committed: 4, in_flight: 1 }, 0, false],
    ['a tenth: too few, but the wave is done', tenth, { failed: 5, committed: 4 }, 0, true],
    ['a tenth: exactly a tenth', tenth, { failed: 1, committed: 9, in_flight: 5 }, 0, false],
    ['a tenth: more than a tenth', tenth, { failed: 2, committed: 8, in_flight: 5 }, 0, true],
    ['a tenth: refused nodes are in no denominator', tenth, { failed: 2, committed: 8, refused: 90 }, 0, true],
  ])('%s', (_, threshold, change, acknowledged, expected) => {
    expect(isTooMany(threshold, counts(change), acknowledged)).toBe(expected);
  });
});
