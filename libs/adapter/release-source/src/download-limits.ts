/** Time and speed of one download. Sizes come from the contract and the manifest. */
export interface DownloadLimits {
  /** Whole artefact, retries and waits included. */
  readonly deadlineMs: number;
  /** Release description, manifest and bundle together. */
  readonly statementDeadlineMs: number;
  /** Slowest acceptable average over `throughputWindowMs` of waiting for the network. */
  readonly minBytesPerSec: number;
  readonly throughputWindowMs: number;
  /** Rate cap; null for none. */
  readonly maxBytesPerSec: number | null;
  /** Failed tries in a row, without a byte between them, before giving up. The deadline bounds the rest. */
  readonly maxRetries: number;
  readonly firstBackoffMs: number;
  readonly maxBackoffMs: number;
  /** From the request to the head of the answer. */
  readonly headersTimeoutMs: number;
}

export const DEFAULT_LIMITS: DownloadLimits = {
  deadlineMs: 3_600_000,
  statementDeadlineMs: 60_000,
  minBytesPerSec: 10_000,
  throughputWindowMs: 60_000,
  maxBytesPerSec: null,
  maxRetries: 5,
  firstBackoffMs: 500,
  maxBackoffMs: 30_000,
  headersTimeoutMs: 30_000,
};

/** Time, injected. `nowMs` is monotonic; `wait` resolves when the time is over or the signal aborts, and never rejects. */
export interface DownloadClock {
  nowMs(): number;
  wait(ms: number, signal: AbortSignal): Promise<void>;
}
