import { describe, expect, it } from '@jest/globals';
import { bytesText, durationText, relativeTime, utcText } from './relative-time.ts';

const NOON = '2026-03-01T12:00:00.000Z';
const after = (ms: number) => Date.parse(NOON) + ms;

describe('relative time', () => {
  it.each([
    [-60_000, 'just now'],
    [4_999, 'just now'],
    [5_000, '5 s ago'],
    [59_999, '59 s ago'],
    [60_000, '1 min ago'],
    [3_599_999, '59 min ago'],
    [3_600_000, '1 h ago'],
    [86_400_000, '1 day ago'],
    [30 * 86_400_000, '30 days ago'],
    [31 * 86_400_000, '2026-03-01'],
  ])('%d ms later reads %s', (ms, text) => expect(relativeTime(NOON, after(ms))).toBe(text));

  it('shows UTC to the second', () => expect(utcText('2026-03-01T12:00:05.678+02:00')).toBe('2026-03-01 10:00:05 UTC'));
});

describe('durations and sizes', () => {
  it.each([
    [-3, '0.0 s'],
    [420, '0.4 s'],
    [9_960, '10 s'],
    [59_600, '1 min 00 s'],
    [185_000, '3 min 05 s'],
    [7_800_000, '2 h 10 min'],
  ])('%d ms reads %s', (ms, text) => expect(durationText(ms)).toBe(text));

  it.each([
    [999, '999 B'],
    [41_500, '42 kB'],
    [41_500_000, '41.5 MB'],
    [2_000_000_000, '2.00 GB'],
  ])('%d bytes read %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));
});
