/**
 * When the remotes are looked at. One row decides for the whole installation; every replica reads it and decides by this.
 *
 * A check begins by itself `everyMs` after the last one began, or when a person asks, but not within 15 s of the last one,
 * whoever asked for that. While one runs no other begins, until the time it may take is over: its replica is dead then.
 */
export interface CheckState {
  readonly startedAt: Date | null;
  /** Until when a check that runs may take; null when none does. */
  readonly busyUntil: Date | null;
}

export const THROTTLE_MS = 15_000;

export type CheckDecision =
  { readonly kind: 'start' } | { readonly kind: 'running' } | { readonly kind: 'not_yet'; readonly waitMs: number };

export function decideCheck(state: CheckState, asked: 'by itself' | 'by a person', now: Date, everyMs: number): CheckDecision {
  const sinceMs = state.startedAt ? now.getTime() - state.startedAt.getTime() : Number.POSITIVE_INFINITY;
  const spacingMs = asked === 'by itself' ? everyMs : THROTTLE_MS;
  // A start in the future is another clock's; waiting for it could last for ever.
  if (sinceMs >= 0 && sinceMs < spacingMs) return { kind: 'not_yet', waitMs: spacingMs - sinceMs };
  return isBusy(state, now) ? { kind: 'running' } : { kind: 'start' };
}

export const isBusy = (state: CheckState, now: Date): boolean => state.busyUntil !== null && state.busyUntil > now;
