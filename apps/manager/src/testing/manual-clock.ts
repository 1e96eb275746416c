import type { Clock } from '../platform/index.ts';

interface Timer {
  dueMs: number;
  readonly everyMs: number | null;
  readonly act: () => void;
}

/** Stands still until a test moves it; due timers then run in their order. */
export class ManualClock implements Clock {
  private ms = Date.parse('2026-11-02T09:00:00Z');
  private readonly timers = new Set<Timer>();

  now(): Date {
    return new Date(this.ms);
  }

  after(ms: number, act: () => void): () => void {
    return this.add({ dueMs: this.ms + ms, everyMs: null, act });
  }

  every(ms: number, act: () => void): () => void {
    return this.add({ dueMs: this.ms + ms, everyMs: ms, act });
  }

  advance(ms: number): void {
    const until = this.ms + ms;
    for (;;) {
      const next = [...this.timers].filter((timer) => timer.dueMs <= until).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (!next) break;
      this.ms = Math.max(this.ms, next.dueMs);
      if (next.everyMs === null) this.timers.delete(next);
      else next.dueMs += next.everyMs;
      next.act();
    }
    this.ms = until;
  }

  /** As after a machine slept: however often a timer would have come due meanwhile, it runs once. */
  sleep(ms: number): void {
    this.ms += ms;
    for (const timer of this.timers) if (timer.everyMs !== null && timer.dueMs < this.ms) timer.dueMs = this.ms;
    this.advance(0);
  }

  private add(timer: Timer): () => void {
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }
}
