import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../testing/manual-clock.ts';
import { RequestLimit } from './request-limit.ts';

const limited = { code: 'rate_limited', details: { retry_after_secs: expect.any(Number) } };
const attempt = (act: () => void): unknown => {
  try {
    act();
    return null;
  } catch (error) {
    return error;
  }
};

describe('RequestLimit', () => {
  it('counts all credentials of one account together, and no other account', () => {
    const limit = new RequestLimit(new ManualClock(), 3);
    for (const secret of ['a', 'b', 'a']) limit.take('one', secret);
    expect(attempt(() => limit.take('one', 'b'))).toMatchObject(limited);
    expect(attempt(() => limit.take('other', 'c'))).toBeNull();
  });

  it('refuses a credential unseen for the rest of its minute, and only that one', () => {
    const clock = new ManualClock();
    const limit = new RequestLimit(clock, 1);
    limit.take('one', 'a');
    expect(attempt(() => limit.turnAway('a'))).toBeNull();
    clock.advance(20_000);
    expect(attempt(() => limit.take('one', 'a'))).toMatchObject({ details: { retry_after_secs: 40 } });
    expect(attempt(() => limit.turnAway('a'))).toMatchObject(limited);
    expect(attempt(() => limit.turnAway('b'))).toBeNull();
    clock.advance(40_000);
    expect(attempt(() => limit.turnAway('a'))).toBeNull();
    expect(attempt(() => limit.take('one', 'a'))).toBeNull();
  });
});
