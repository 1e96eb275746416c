import { CodedError } from '@tidegate/contract-errors';
import type { DownloadClock } from './download-limits.ts';

export interface Deadline {
  /** Aborts with the caller's signal, or with upgrade_timeout when the time is over. */
  readonly signal: AbortSignal;
  release(): void;
}

/** A total deadline on the injected clock. `release` must be called: it ends the timer. */
export function startDeadline(clock: DownloadClock, ms: number, outer: AbortSignal): Deadline {
  const timeout = new AbortController();
  const released = new AbortController();
  void clock.wait(ms, released.signal).then(() => {
    if (!released.signal.aborted) timeout.abort(new CodedError('upgrade_timeout', { rule: 'deadline', deadline_ms: ms }));
  });
  return { signal: AbortSignal.any([outer, timeout.signal]), release: () => released.abort() };
}
