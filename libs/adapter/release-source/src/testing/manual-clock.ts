import type { DownloadClock } from '../download-limits.ts';

interface Waiter {
  readonly dueMs: number;
  readonly ms: number;
  readonly done: () => void;
}

/** Time that a test moves. Waits up to `immediateBelowMs` (backoffs) end at once and move the clock by themselves. */
export class ManualClock implements DownloadClock {
  readonly immediateBelowMs: number;
  readonly waitedMs: number[] = [];
  #nowMs = 0;
  readonly #waiters = new Set<Waiter>();
  #onWait: (() => void) | null = null;

  constructor(immediateBelowMs = 31_000) {
    this.immediateBelowMs = immediateBelowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wait(ms: number, signal: AbortSignal): Promise<void> {
    this.waitedMs.push(ms);
    if (ms < this.immediateBelowMs) {
      this.#nowMs += ms;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const waiter: Waiter = {
        dueMs: this.#nowMs + ms,
        ms,
        done: () => {
          this.#waiters.delete(waiter);
          resolve();
        },
      };
      if (signal.aborted) return resolve();
      this.#waiters.add(waiter);
      signal.addEventListener('abort', waiter.done, { once: true });
      this.#onWait?.();
    });
  }

  /** Resolves once somebody waits for a time of exactly `ms`. */
  async someoneWaits(ms: number): Promise<void> {
    while (![...this.#waiters].some((waiter) => waiter.ms === ms)) {
      await new Promise<void>((resolve) => {
        this.#onWait = resolve;
      });
    }
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const waiter of [...this.#waiters]) if (waiter.dueMs <= this.#nowMs) waiter.done();
  }
}
