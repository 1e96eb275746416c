import { describe, expect, it } from '@jest/globals';
import { measureSeries, median, resultOf, type Sample } from './row.ts';

const samples = (...wallMs: number[]): Sample[] => wallMs.map((value) => ({ wallMs: value, cpuMs: value / 2 }));
const RATIO = { id: 'x', metric: 'wallMs', ratioAtMost: 1.6 } as const;
const LIMIT = { id: 'y', metric: 'wallMs', atMost: 50 } as const;

describe('a bench row', () => {
  it('compares medians, so that one slow run decides nothing', () => {
    const result = resultOf(RATIO, samples(100, 100, 100, 100, 900), samples(150, 150, 150, 150, 151));
    expect(result).toEqual({
      id: 'x', metric: 'wallMs', baseline: 100, product: 150, ratio: 1.5, goal: 1.6, pass: true, runs: 5, noisy: false,
    }); // prettier-ignore
  });

  it('does not pass above the ratio', () => {
    expect(resultOf(RATIO, samples(100, 100, 100), samples(161, 161, 161)).pass).toBe(false);
  });

  it('passes up to a fixed limit and not above, without a baseline', () => {
    expect(resultOf(LIMIT, [], samples(50, 50, 50))).toEqual({
      id: 'y', metric: 'wallMs', product: 50, goal: 50, pass: true, runs: 3, noisy: false,
    }); // prettier-ignore
    expect(resultOf(LIMIT, [], samples(51, 51, 51)).pass).toBe(false);
  });

  it('does not pass when nothing was measured', () => {
    expect(resultOf({ ...RATIO, metric: 'peakMb' }, samples(1), samples(1)).pass).toBe(false);
    expect(resultOf({ ...LIMIT, metric: 'peakMb' }, [], samples(1)).pass).toBe(false);
  });

  it('is called noisy when the runs of one side differ too much', () => {
    expect(resultOf(RATIO, samples(50, 100, 150, 200, 250), samples(100, 100, 100, 100, 100)).noisy).toBe(true);
    expect(resultOf(RATIO, samples(100, 100, 100, 100, 100), samples(50, 100, 150, 200, 250)).noisy).toBe(true);
  });

  it('takes the mean of the middle two of an even number', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('comes from sides that run alternately after one unmeasured run of each', async () => {
    const order: string[] = [];
    const side = (name: string) => async () => {
      order.push(name);
      return { wallMs: 1, cpuMs: 1 };
    };
    const close = async () => void order.push('closed');
    const goals = [RATIO, { ...RATIO, id: 'z', metric: 'cpuMs' } as const];
    const rows = await measureSeries({ goals, runs: 2, baseline: side('b'), product: side('p'), close });
    expect(rows.map(({ id, runs }) => [id, runs])).toEqual([
      ['x', 2],
      ['z', 2],
    ]);
    expect(order).toEqual(['b', 'p', 'b', 'p', 'p', 'b', 'closed']);
  });
});
