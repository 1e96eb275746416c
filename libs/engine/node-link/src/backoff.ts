import { ERRORS, isErrorCode } from '@tidegate/contract-errors';
import { CLOSE } from '@tidegate/contract-protocol';

/** Why a connection came to its end, and what to make of it. */
export interface Ending {
  /** A code of the registry, or of a newer manager; null when the connection simply broke. */
  readonly code: string | null;
  readonly closeCode: number;
  /** The system's error name, for people only. */
  readonly cause?: string;
  readonly retryAfterMs?: number;
}

interface Pace {
  readonly minMs: number;
  readonly firstMs: number;
  readonly capMs: number;
}

/**
 * `soon` is full jitter from 0: a manager that comes back is not met by its whole fleet at once. `slow` is for what only a
 * person can mend: the agent never gives up, because that person may work on the manager's side, but it does not knock
 * every second either.
 */
const PACE = {
  soon: { minMs: 0, firstMs: 1_000, capMs: 60_000 },
  slow: { minMs: 60_000, firstMs: 120_000, capMs: 300_000 },
} as const satisfies Record<string, Pace>;

/** What the registry calls retryable is retried soon; a code of a newer manager counts as retryable. */
export function paceOf({ code, closeCode }: Ending): keyof typeof PACE {
  if (code !== null && isErrorCode(code)) return ERRORS[code].retryable ? 'soon' : 'slow';
  // Two machines with one identity would otherwise throw each other out for ever, once a second.
  return closeCode === CLOSE.superseded || closeCode === CLOSE.revoked ? 'slow' : 'soon';
}

/**
 * `failures` counts connections in a row that did not get as far as an acknowledged beat; at least 1. `longestSoonMs` holds
 * for what is retried soon only, and not against what the manager asked for.
 */
export function delayMs(ending: Ending, failures: number, random: number, longestSoonMs = Infinity): number {
  const pace = paceOf(ending);
  const { minMs, firstMs, capMs } = PACE[pace];
  const longestMs = pace === 'soon' ? Math.min(capMs, longestSoonMs) : capMs;
  const ceiling = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 16));
  return (ending.retryAfterMs ?? 0) + minMs + random * (ceiling - minMs);
}
