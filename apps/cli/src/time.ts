const MINUTE_S = 60;

/** A time as people read it, in their own time zone or in UTC; with its offset, so that it can be compared and pasted. */
export function timeText(iso: string | null, utc: boolean): string {
  if (iso === null) return '-';
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  if (utc) return `${at.toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const offset = -at.getTimezoneOffset();
  const local = new Date(at.getTime() + offset * MINUTE_S * 1000).toISOString().slice(0, 19).replace('T', ' ');
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60].map((part) => String(part).padStart(2, '0'));
  return `${local}${offset < 0 ? '-' : '+'}${hours}:${minutes}`;
}

/** `7d`, `12h`, `30m`, `90s`, or plain seconds; null when it is none of them. */
export function seconds(text: string): number | null {
  const [, count, unit = 's'] = /^(\d{1,7})([smhd])?$/.exec(text) ?? [];
  if (count === undefined) return null;
  return Number(count) * { s: 1, m: MINUTE_S, h: 3600, d: 86_400 }[unit as 's' | 'm' | 'h' | 'd'];
}
