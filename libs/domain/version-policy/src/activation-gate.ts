import { WEEKDAYS, type MaintenanceWindow, type UpgradePolicy, type Weekday } from './policy.ts';

/** What a staged release waits for. */
export type ActivationHold = 'person' | 'window';

/** A staged release against the policy and the wall clock; `released` = a person on the node has said go, which ends both waits. */
export function holdActivation(
  policy: Pick<UpgradePolicy, 'manualOnly' | 'maintenanceWindow'>,
  released: boolean,
  now: Date,
): ActivationHold | null {
  if (released) return null;
  if (policy.manualOnly) return 'person';
  return policy.maintenanceWindow && !windowIsOpen(policy.maintenanceWindow, now) ? 'window' : null;
}

/** Whether `now` lies in the window. A node's wall clock may be wrong: then it activates at a wrong hour, and nothing worse. */
export function windowIsOpen(window: MaintenanceWindow, now: Date): boolean {
  const { day, minutes } = localTime(now, window.timeZone);
  const from = minutesOf(window.from);
  const to = minutesOf(window.to);
  const on = (index: number): boolean => window.days.includes(WEEKDAYS[(index + 7) % 7] as Weekday);
  if (from < to) return on(day) && minutes >= from && minutes < to;
  return (on(day) && minutes >= from) || (on(day - 1) && minutes < to);
}

function localTime(now: Date, timeZone: string): { readonly day: number; readonly minutes: number } {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const parts = new Map(format.formatToParts(now).map((part) => [part.type, part.value]));
  const day = WEEKDAYS.indexOf((parts.get('weekday') ?? '').toLowerCase() as Weekday);
  return { day, minutes: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
}

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
