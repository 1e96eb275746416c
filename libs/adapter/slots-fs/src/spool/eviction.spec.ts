import { describe, expect, it } from '@jest/globals';
import type { Severity } from '@tidegate/contract-errors';
import { chooseVictims } from './eviction.ts';

const entries = (severities: string, bytes = 100) =>
  [...severities].map((letter) => ({ severity: { i: 'info', w: 'warning', c: 'critical' }[letter] as Severity, bytes }));
const limits = { maxEvents: 10, maxBytes: 1_000_000 };

describe('chooseVictims', () => {
  it.each([
    ['within the limits', 'iiiiiwwwcc', []],
    ['over: oldest info until it is nine tenths full', 'iwiiiwwwwcc', [0, 2]],
    ['over without enough info: oldest warnings next', 'wwwwwwwiccc', [7, 0]],
    ['over with critical events only: nothing', 'cccccccccccccc', []],
    ['over with one info among critical events', 'ccccccccccic', [10]],
  ])('%s', (_, severities, victims) => {
    expect([...chooseVictims(entries(severities), limits)]).toEqual(victims);
  });

  it('counts bytes as it counts events', () => {
    expect([...chooseVictims(entries('iiii', 300), { maxEvents: 10, maxBytes: 1000 })]).toEqual([0]);
  });
});
