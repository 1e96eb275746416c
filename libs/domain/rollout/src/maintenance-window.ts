import { WEEKDAYS, type MaintenanceWindow } from '@tidegate/contract-api';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
/** No window is further away than a week; one that daylight saving swallowed comes again a week later. */
const SEARCH_MINUTES = 15 * DAY_MINUTES;

interface LocalTime {
  readonly weekday: number;
  readonly minute: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();
function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    formats.set(timeZone, format);
  }
  return format;
}

/** What the clocks of the place show. */
function localTime(atMs: number, timeZone: string): LocalTime {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, value]),
  );
  const weekday = WEEKDAYS.indexOf((parts.get('weekday') ?? '').toLowerCase() as (typeof WEEKDAYS)[number]);
  return { weekday, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
}

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/**
 * Whether the clocks of the place stand within the window. By wall clock on purpose: a window from 02:00 to 03:00 does not
 * exist on the day the clocks skip that hour, and lasts two hours on the day they show it twice, just as people there see it.
 */
export function isWithin(window: MaintenanceWindow, atMs: number): boolean {
  const { weekday, minute } = localTime(atMs, window.time_zone);
  const [from, to] = [minuteOf(window.from), minuteOf(window.to)];
  const on = (day: number): boolean => window.days.includes(WEEKDAYS[(day + 7) % 7] as (typeof WEEKDAYS)[number]);
  if (from < to) return on(weekday) && minute >= from && minute < to;
  return (on(weekday) && minute >= from) || (on(weekday - 1) && minute < to);
}

/** No window at all means at any time. */
export const isOpen = (windows: readonly MaintenanceWindow[], atMs: number): boolean =>
  windows.length === 0 || windows.some((window) => isWithin(window, atMs));

/** When the next one opens, in ms; now, when one is open; null when none ever does. Exact to the minute. */
export function opensAt(windows: readonly MaintenanceWindow[], atMs: number): number | null {
  if (isOpen(windows, atMs)) return atMs;
  const first = Math.floor(atMs / MINUTE_MS) + 1;
  for (let minute = first; minute < first + SEARCH_MINUTES; minute += 1) {
    if (isOpen(windows, minute * MINUTE_MS)) return minute * MINUTE_MS;
  }
  return null;
}
