import type { DownloadLimits } from './download-limits.ts';

/** Full jitter: nodes that lost the same source at once must not come back to it at once. */
export const backoffMs = (failures: number, limits: DownloadLimits, random: () => number): number =>
  random() * Math.min(limits.maxBackoffMs, limits.firstBackoffMs * 2 ** (failures - 1));
