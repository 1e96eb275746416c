import { describe, expect, it } from '@jest/globals';
import { admit, ROOM, type Stranger } from './admission.ts';

const NOW = 100_000;
const many = (count: number, change: Partial<Stranger> = {}): Stranger[] =>
  Array.from({ length: count }, () => ({ address: 'a', sinceMs: NOW - ROOM.patienceMs, busy: false, ...change }));

describe('a newcomer', () => {
  it('is let in while there is room', () => {
    expect(admit(many(ROOM.strangers - 1), false, NOW)).toEqual({ admit: true, instead: null });
  });

  it('takes the place of the oldest silent one', () => {
    const crowd = [...many(1, { busy: true }), ...many(ROOM.strangers - 1)];
    expect(admit(crowd, false, NOW)).toMatchObject({ admit: true });
    expect((admit(crowd, false, NOW) as { instead: Stranger }).instead).toBe(crowd[1]);
  });

  it('takes it of the address that holds most, not of an older one that holds few', () => {
    const crowd = [...many(3, { address: 'few', sinceMs: 0 }), ...many(ROOM.strangers - 3, { address: 'most' })];
    expect((admit(crowd, false, NOW) as { instead: Stranger }).instead).toBe(crowd[3]);
  });

  it('is told to come back while those before it may still answer, or are being looked at', () => {
    expect(admit(many(ROOM.strangers, { sinceMs: NOW - ROOM.patienceMs + 1 }), false, NOW)).toEqual({ admit: false });
    expect(admit(many(ROOM.strangers, { busy: true }), false, NOW)).toEqual({ admit: false });
  });
});

describe('a node on trial', () => {
  it('waits for nobody’s patience', () => {
    const crowd = many(ROOM.strangers, { sinceMs: NOW });
    expect((admit(crowd, true, NOW) as { instead: Stranger }).instead).toBe(crowd[0]);
  });

  it('finds room of its own when all others are being looked at, and no endless room', () => {
    expect(admit(many(ROOM.strangers, { busy: true }), true, NOW)).toEqual({ admit: true, instead: null });
    expect(admit(many(ROOM.strangers + ROOM.kept, { busy: true }), true, NOW)).toEqual({ admit: false });
  });
});
