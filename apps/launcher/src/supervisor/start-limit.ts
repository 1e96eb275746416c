import type { StartLimit } from './options.ts';

const defaultMaxDelayMs = 30_000;

/**
 * The wait before the next start, doubled for every start within the interval beyond the burst.
 * systemd gives a unit up here; a stand-in for an unattended node must not, so it only slows down.
 * @param startedAtMs times of the starts so far, oldest first, on any one monotonic clock
 */
export function nextDelayMs(startedAtMs: readonly number[], nowMs: number, restartDelayMs: number, limit?: StartLimit): number {
  if (limit === undefined || limit.burst === 0) return restartDelayMs;
  const recent = startedAtMs.filter((startMs) => nowMs - startMs < limit.intervalMs).length;
  const over = Math.max(0, recent - limit.burst + 1);
  const maxDelayMs = limit.maxDelayMs ?? defaultMaxDelayMs;
  return Math.max(restartDelayMs, Math.min(maxDelayMs, restartDelayMs * 2 ** Math.min(over, 30)));
}
