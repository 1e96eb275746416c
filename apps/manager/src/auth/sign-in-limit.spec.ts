import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../testing/manual-clock.ts';
import { networkOf, SignInLimit } from './sign-in-limit.ts';

describe('SignInLimit', () => {
  it('counts failures of one network for a minute, and not what was right', () => {
    const clock = new ManualClock();
    const limit = new SignInLimit(clock, 2);
    for (let right = 0; right < 10; right += 1) {
      limit.take('a');
      limit.forgive('a');
    }
    limit.take('a');
    limit.take('a');
    expect(() => limit.take('a')).toThrow('rate_limited');
    limit.take('b');
    clock.advance(60_000);
    limit.take('a');
  });

  it('tells who was right before from strangers and from those who fail', () => {
    const limit = new SignInLimit(new ManualClock());
    expect([limit.take('a'), limit.take('a')]).toEqual(['strange', 'suspect']);
    limit.take('b');
    limit.forgive('b');
    const lanes = Array.from({ length: 6 }, () => limit.take('b'));
    expect(lanes).toEqual([...Array.from({ length: 5 }, () => 'known'), 'suspect']);
  });
});

describe('networkOf', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ])('of %s is %s', (address, network) => expect(networkOf(address)).toBe(network));
});
