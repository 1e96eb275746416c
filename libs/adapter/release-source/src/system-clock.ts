import { setTimeout as wait } from 'node:timers/promises';
import type { DownloadClock } from './download-limits.ts';

export const SYSTEM_CLOCK: DownloadClock = {
  nowMs: () => performance.now(),
  wait: (ms, signal) => wait(ms, undefined, { signal }).catch(() => undefined),
};
