import type { Severity } from '@tidegate/contract-errors';

export interface Spooled {
  readonly severity: Severity;
  readonly bytes: number;
}

export interface SpoolLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** Below its limits by this share after an eviction: rewriting segments for every single event would wear the disk. */
const TARGET = 0.9;

/** Positions to drop so that the spool fits again: oldest info first, then oldest warnings, critical events never. */
export function chooseVictims(entries: readonly Spooled[], limits: SpoolLimits): ReadonlySet<number> {
  const victims = new Set<number>();
  let events = entries.length;
  let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  if (events <= limits.maxEvents && bytes <= limits.maxBytes) return victims;
  const fits = (): boolean => events <= limits.maxEvents * TARGET && bytes <= limits.maxBytes * TARGET;
  for (const severity of ['info', 'warning'] as const) {
    for (const [position, entry] of entries.entries()) {
      if (fits()) return victims;
      if (entry.severity !== severity) continue;
      victims.add(position);
      events -= 1;
      bytes -= entry.bytes;
    }
  }
  return victims;
}
