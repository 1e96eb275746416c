import { describe, expect, it } from '@jest/globals';
import { oneAtATime } from './one-at-a-time.ts';

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

describe('an act that never overlaps with itself', () => {
  it('runs once more after a run that it was asked for in vain, however often', async () => {
    const ends: (() => void)[] = [];
    const act = oneAtATime(() => new Promise<void>((resolve) => ends.push(resolve)));
    act();
    for (let n = 0; n < 1000; n++) act();
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await turns();
    expect(ends).toHaveLength(2);
    ends[1]?.();
    await turns();
    expect(ends).toHaveLength(2);
    act();
    expect(ends).toHaveLength(3);
  });
});
