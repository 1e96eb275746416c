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

/** Best first: whoever was right before, strangers, and those who were wrong lately. */
const LANES = ['known', 'strange', 'suspect'] as const;
export type Lane = (typeof LANES)[number];

/**
 * Dear work for unknown callers: a few at once, of each key one at a time, and keys take turns. One place is for `known` alone:
 * however many others ask, and however much, whoever is known starts at once or waits for others who are. A worse lane gives
 * way to a better one in turns and when all places to wait are taken.
 */
export class FairQueue {
  private readonly running = new Set<string>();
  /** Keys in the order of their turns; a Map keeps it. */
  private readonly lanes: Readonly<Record<Lane, Map<string, Waiter[]>>> = { known: new Map(), strange: new Map(), suspect: new Map() };
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
      for (const each of LANES) this.wake(each);
    }
  }

  private mayStart(key: string, lane: Lane): boolean {
    return this.running.size < this.placesFor(lane) && !this.running.has(key);
  }

  private placesFor(lane: Lane): number {
    return lane === 'known' ? this.limits.maxAtOnce : this.limits.maxAtOnce - 1;
  }

  private wait(key: string, lane: Lane): Promise<void> {
    const line = this.lanes[lane].get(key) ?? [];
    const full = this.waitingCount >= this.limits.maxWaiting && !this.sendOneAwayFor(lane);
    if (full || line.length >= this.limits.maxWaitingPerKey) throw tooMany();
    this.waitingCount += 1;
    return new Promise((start, refuse) => this.lanes[lane].set(key, [...line, { start, refuse }]));
  }

  /** The last one of the worst lane, if that is worse than this. */
  private sendOneAwayFor(lane: Lane): boolean {
    const worst = LANES.findLast((each) => this.lanes[each].size > 0) ?? lane;
    if (LANES.indexOf(worst) <= LANES.indexOf(lane)) return false;
    const [key = ''] = [...this.lanes[worst].keys()].slice(-1);
    this.take(worst, key, (line) => line.pop())?.refuse(tooMany());
    return true;
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
