import { CodedError } from '@tidegate/contract-errors';

interface Limits {
  readonly maxAtOnce: number;
  readonly maxWaiting: number;
  readonly maxWaitingPerKey: number;
}

/**
 * Dear work for unknown callers: a few at once, of each key one at a time, and keys take turns. However much one key asks for,
 * another waits for at most what runs already.
 */
export class FairQueue {
  private readonly running = new Set<string>();
  /** Keys in the order of their turns; a Map keeps it. */
  private readonly waiting = new Map<string, (() => void)[]>();
  private waitingCount = 0;

  constructor(private readonly limits: Limits) {}

  /** @throws CodedError rate_limited when too many wait already. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (!this.mayStart(key)) await this.wait(key);
    this.running.add(key);
    try {
      return await work();
    } finally {
      this.running.delete(key);
      this.wake();
    }
  }

  private mayStart(key: string): boolean {
    return this.running.size < this.limits.maxAtOnce && !this.running.has(key);
  }

  private wait(key: string): Promise<void> {
    const line = this.waiting.get(key) ?? [];
    if (this.waitingCount >= this.limits.maxWaiting || line.length >= this.limits.maxWaitingPerKey)
      throw new CodedError('rate_limited', { retry_after_secs: 2 });
    this.waitingCount += 1;
    return new Promise((settle) => this.waiting.set(key, [...line, settle]));
  }

  /** Starts whose turn it is. What it starts is marked as running at once: the promise that it waits on settles a turn later. */
  private wake(): void {
    for (const [key, line] of this.waiting) {
      if (this.running.size >= this.limits.maxAtOnce) return;
      if (this.running.has(key)) continue;
      const [next, ...rest] = line;
      this.waiting.delete(key);
      if (rest.length > 0) this.waiting.set(key, rest);
      this.waitingCount -= 1;
      this.running.add(key);
      next?.();
    }
  }
}
