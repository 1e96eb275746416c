import { describe, expect, it } from '@jest/globals';
import { measureRow, median, resultOf, type Sample } from './row.ts';

const samples = (...wallMs: number[]): Sample[] => wallMs.map((value) => ({ wallMs: value, cpuMs: value / 2 }));

describe('a bench row', () => {
  it('compares medians, so that one slow run decides nothing', () => {
    const result = resultOf({ id: 'x', goal: 1.6 }, samples(100, 100, 100, 100, 900), samples(150, 150, 150, 150, 151));
    expect(result).toMatchObject({ ratio: 1.5, pass: true, runs: 5, noisy: false });
    expect(result.baseline).toEqual({ wall_ms: 100, cpu_ms: 50 });
  });

  it('does not pass above the goal', () => {
    expect(resultOf({ id: 'x', goal: 1.6 }, samples(100, 100, 100), samples(161, 161, 161)).pass).toBe(false);
  });

  it('is called noisy when the runs of one side differ too much', () => {
    expect(resultOf({ id: 'x', goal: 1.6 }, samples(50, 100, 150, 200, 250), samples(100, 100, 100, 100, 100)).noisy).toBe(true);
  });

  it('takes the mean of the middle two of an even number', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('runs both sides alternately after one unmeasured run of each, and closes', async () => {
    const order: string[] = [];
    const side = (name: string) => async () => {
      order.push(name);
      return { wallMs: 1, cpuMs: 1 };
    };
    const close = async () => void order.push('closed');
    const { runs } = await measureRow({ id: 'x', goal: 1, baseline: side('b'), product: side('p'), close }, 2);
    expect(runs).toBe(2);
    expect(order).toEqual(['b', 'p', 'b', 'p', 'p', 'b', 'closed']);
  });
});
