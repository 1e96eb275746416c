const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 days ago`; after 30 days the date. A clock ahead of ours reads as now. */
export const relativeTime = (iso: string, nowMs: number): string => {
  const ageMs = nowMs - Date.parse(iso);
  if (ageMs < 5_000) return 'just now';
  if (ageMs < MINUTE_MS) return `${Math.floor(ageMs / 1000)} s ago`;
  if (ageMs < HOUR_MS) return `${Math.floor(ageMs / MINUTE_MS)} min ago`;
  if (ageMs < DAY_MS) return `${Math.floor(ageMs / HOUR_MS)} h ago`;
  const days = Math.floor(ageMs / DAY_MS);
  if (days <= 30) return days === 1 ? '1 day ago' : `${days} days ago`;
  return iso.slice(0, 10);
};

/** How long a step took: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`. */
export const durationText = (durationMs: number): string => {
  const ms = Math.max(0, durationMs);
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const secs = Math.round(ms / 1000);
  if (secs < 60) return `${secs} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  if (secs < 3600) return `${Math.floor(secs / 60)} min ${two(secs % 60)} s`;
  return `${Math.floor(secs / 3600)} h ${two(Math.floor((secs % 3600) / 60))} min`;
};

/** Both clocks for a hover: people compare with logs, and logs are in UTC. */
export const utcText = (iso: string): string => `${new Date(iso).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
export const localText = (iso: string): string => new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
export const localClock = (iso: string): string =>
  new Date(iso).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export const bytesText = (bytes: number): string => {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(0)} kB`;
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`;
  return `${(bytes / 1_000_000_000).toFixed(2)} GB`;
};
