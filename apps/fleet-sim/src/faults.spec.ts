import { describe, expect, it } from '@jest/globals';
import { behaviourOf, parseFaultRates } from './faults.ts';

describe('faults by rate', () => {
  it('falls on as many attempts as asked for, and the rest is sound', () => {
    const rates = parseFaultRates('revert=0.25,slow=0.5');
    const drawn = Array.from({ length: 100 }, (_, n) => behaviourOf(rates, n / 100));
    const count = (what: string): number => drawn.filter((behaviour) => behaviour === what).length;
    expect([count('revert'), count('slow'), count('sound')]).toEqual([25, 50, 25]);
    expect(behaviourOf(parseFaultRates(''), 0)).toBe('sound');
  });

  it.each([
    ['a fault that is none', 'explode=0.1', 'there is no fault "explode"'],
    ['a share that is none', 'slow=much', 'slow needs a share between 0 and 1'],
    ['a share left out', 'slow', 'slow needs a share between 0 and 1'],
    ['more than everything', 'slow=0.6,lie=0.6', 'the shares add up to more than 1'],
  ])('refuses %s', (_, text, problem) => expect(() => parseFaultRates(text)).toThrow(problem));
});
