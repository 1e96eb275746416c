import { describe, expect, it } from '@jest/globals';
import { maintenanceWindow, WEEKDAYS } from '@tidegate/contract-api';
import { isOpen, opensAt } from './maintenance-window.ts';

const window = (from: string, to: string, days: (typeof WEEKDAYS)[number][] = [...WEEKDAYS]) =>
  maintenanceWindow.parse({ from, to, days, time_zone: 'Europe/Rome' });
const at = (iso: string): number => Date.parse(iso);

describe('a window in a place with daylight saving', () => {
  // Rome is UTC+1 in winter and UTC+2 in summer; in 2026 the clocks change on 29 March and 25 October at 01:00 UTC.
  it.each<[string, ReturnType<typeof window>, string, boolean]>([
    ['in winter, inside', window('02:00', '04:00'), '2026-01-15T01:00:00Z', true],
    ['in winter, its end is outside', window('02:00', '04:00'), '2026-01-15T03:00:00Z', false],
    ['in summer the same hours are another hour of UTC', window('02:00', '04:00'), '2026-07-15T00:00:00Z', true],
    ['the hour that the clocks skip is in no window', window('02:00', '03:00'), '2026-03-29T01:00:00Z', false],
    ['just before the clocks skip it', window('01:00', '03:00'), '2026-03-29T00:59:00Z', true],
    ['right after it, at 03:00', window('03:00', '04:00'), '2026-03-29T01:00:00Z', true],
    ['the hour that is shown twice: first time', window('02:00', '03:00'), '2026-10-25T00:30:00Z', true],
    ['the hour that is shown twice: second time', window('02:00', '03:00'), '2026-10-25T01:30:00Z', true],
    ['over midnight, before it', window('22:00', '02:00', ['fri']), '2026-01-16T22:30:00Z', true],
    ['over midnight, after it, on the next day', window('22:00', '02:00', ['fri']), '2026-01-17T00:30:00Z', true],
    ['over midnight, the day before is not its day', window('22:00', '02:00', ['fri']), '2026-01-16T00:30:00Z', false],
    ['from and to alike is the whole day', window('00:00', '00:00', ['sun']), '2026-01-18T12:00:00Z', true],
  ])('%s', (_, one, iso, expected) => expect(isOpen([one], at(iso))).toBe(expected));

  it.each<[string, ReturnType<typeof window>, string, string]>([
    ['later the same day', window('02:00', '04:00'), '2026-01-15T00:10:30Z', '2026-01-15T01:00:00.000Z'],
    ['on its next weekday', window('02:00', '04:00', ['mon']), '2026-01-15T00:00:00Z', '2026-01-19T01:00:00.000Z'],
    ['a day later, when the clocks skipped it', window('02:00', '03:00'), '2026-03-29T00:00:00Z', '2026-03-30T00:00:00.000Z'],
    [
      'a week later, when the clocks skipped its only one',
      window('02:00', '03:00', ['sun']),
      '2026-03-28T12:00:00Z',
      '2026-04-05T00:00:00.000Z',
    ],
  ])('opens %s', (_, one, iso, expected) => expect(new Date(opensAt([one], at(iso)) ?? 0).toISOString()).toBe(expected));

  it('is open at any time when there is none', () => expect(opensAt([], 5)).toBe(5));
});
