import { describe, expect, it } from '@jest/globals';
import { seconds, timeText } from './time.ts';

describe('times', () => {
  it('in UTC end in Z; others carry their offset', () => {
    expect(timeText('2026-03-01T10:20:30.456Z', true)).toBe('2026-03-01 10:20:30Z');
    expect(timeText('2026-03-01T10:20:30.456Z', false)).toMatch(/^2026-0[23]-\d\d \d\d:\d\d:30[+-]\d\d:\d\d$/);
    expect(new Date(timeText('2026-03-01T10:20:30Z', false).replace(' ', 'T')).toISOString()).toBe('2026-03-01T10:20:30.000Z');
    expect(timeText(null, true)).toBe('-');
  });

  it.each([
    ['90', 90],
    ['90s', 90],
    ['10m', 600],
    ['2h', 7200],
    ['7d', 604_800],
    ['2026-03-01T10:20:30Z', null],
    ['1w', null],
    ['-1h', null],
    ['', null],
  ])('the duration %s is %s s', (text, expected) => expect(seconds(text)).toBe(expected));
});
