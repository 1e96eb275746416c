import { CodedError } from '@tidegate/contract-errors';

interface Limits {
  readonly maxAtOnce: number;
  readonly maxWaiting: number;
  readonly maxWaitingPerKey: number;
}

interface Waiter {
  readonly start: () => void;
  readonly refuse: (error: CodedError) => void;
}

/** `later` is for whoever has given reason: they never take the last place, and give way when all are waiting. */
export type Lane = 'first' | 'later';

/**
 * Dear work for unknown callers: a few at once, of each key one at a time, and keys take turns. However many ask in the lane
 * `later`, and however much, whoever asks in `first` starts at once or waits for others of `first` only.
 */
export class FairQueue {
  private readonly running = new Set<string>();
  /** Keys in the order of their turns; a Map keeps it. */
  private readonly lanes: Readonly<Record<Lane, Map<string, Waiter[]>>> = { first: new Map(), later: new Map() };
  private waitingCount = 0;

  constructor(private readonly limits: Limits) {}

  /** @throws CodedError rate_limited when too many wait already. */
  async run<T>(key: string, lane: Lane, work: () => Promise<T>): Promise<T> {
    if (!this.mayStart(key, lane)) await this.wait(key, lane);
    this.running.add(key);
    try {
      return await work();
    } finally {
      this.running.delete(key);
      this.wake('first');
      this.wake('later');
    }
  }

  private mayStart(key: string, lane: Lane): boolean {
    return this.running.size < this.placesFor(lane) && !this.running.has(key);
  }

  private placesFor(lane: Lane): number {
    return lane === 'first' ? this.limits.maxAtOnce : this.limits.maxAtOnce - 1;
  }

  private wait(key: string, lane: Lane): Promise<void> {
    const line = this.lanes[lane].get(key) ?? [];
    const full = this.waitingCount >= this.limits.maxWaiting && !(lane === 'first' && this.sendOneAway());
    if (full || line.length >= this.limits.maxWaitingPerKey) throw tooMany();
    this.waitingCount += 1;
    return new Promise((start, refuse) => this.lanes[lane].set(key, [...line, { start, refuse }]));
  }

  private sendOneAway(): boolean {
    const [key] = [...this.lanes.later.keys()].slice(-1);
    const waiter = key === undefined ? undefined : this.take('later', key, (line) => line.pop());
    waiter?.refuse(tooMany());
    return waiter !== undefined;
  }

  /** Starts whose turn it is, and marks it as running at once: the promise that it waits on settles a turn later. */
  private wake(lane: Lane): void {
    for (const key of [...this.lanes[lane].keys()]) {
      if (this.running.size >= this.placesFor(lane)) return;
      if (this.running.has(key)) continue;
      const next = this.take(lane, key, (line) => line.shift());
      this.running.add(key);
      next?.start();
    }
  }

  /** Whoever is left of the key goes to the end of the turns. */
  private take(lane: Lane, key: string, which: (line: Waiter[]) => Waiter | undefined): Waiter | undefined {
    const line = [...(this.lanes[lane].get(key) ?? [])];
    const waiter = which(line);
    this.lanes[lane].delete(key);
    if (line.length > 0) this.lanes[lane].set(key, line);
    if (waiter) this.waitingCount -= 1;
    return waiter;
  }
}

const tooMany = (): CodedError => new CodedError('rate_limited', { retry_after_secs: 2 });
