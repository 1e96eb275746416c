import { CodedError } from '@tidegate/contract-errors';
import type { DownloadClock, DownloadLimits } from './download-limits.ts';

/**
 * Watches how fast bytes arrive and how fast they may. Only time spent waiting for the network counts: a node whose disk
 * is slow must not be told that its network is. A source that trickles holds the one attempt slot of a node, hence the
 * lower bound (slow retrieval, TUF specification 1.5.2).
 */
export class Pace {
  readonly #clock: DownloadClock;
  readonly #limits: DownloadLimits;
  #windowWaitedMs = 0;
  #windowBytes = 0;
  #nextAllowedMs = 0;

  constructor(clock: DownloadClock, limits: DownloadLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Awaits one read. Throws upgrade_timeout when a window passes below the minimum. */
  async read(next: () => Promise<IteratorResult<Uint8Array>>): Promise<IteratorResult<Uint8Array>> {
    const reading = next();
    // Whoever stops waiting below must not turn a later failure of this read into an unhandled rejection.
    reading.catch(() => undefined);
    for (;;) {
      const startedMs = this.#clock.nowMs();
      const stop = new AbortController();
      const result = await Promise.race([
        reading,
        this.#clock.wait(this.#limits.throughputWindowMs - this.#windowWaitedMs, stop.signal),
      ]).finally(() => stop.abort());
      this.#windowWaitedMs += this.#clock.nowMs() - startedMs;
      if (result && !result.done) this.#windowBytes += result.value.length;
      if (this.#windowWaitedMs >= this.#limits.throughputWindowMs) this.#closeWindow();
      if (result) return result;
    }
  }

  /** Waits as long as the rate cap asks after `bytes` were taken. */
  async hold(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#limits.maxBytesPerSec === null) return;
    const nowMs = this.#clock.nowMs();
    this.#nextAllowedMs = Math.max(this.#nextAllowedMs, nowMs) + (bytes / this.#limits.maxBytesPerSec) * 1000;
    if (this.#nextAllowedMs > nowMs) await this.#clock.wait(this.#nextAllowedMs - nowMs, signal);
  }

  #closeWindow(): void {
    const bytesPerSec = Math.floor((this.#windowBytes * 1000) / this.#windowWaitedMs);
    if (bytesPerSec < this.#limits.minBytesPerSec) {
      throw new CodedError('upgrade_timeout', { rule: 'too_slow', bytes_per_sec: bytesPerSec });
    }
    this.#windowWaitedMs = 0;
    this.#windowBytes = 0;
  }
}
