import type { Timers } from '../ports/timers.ts';

export interface FakeTimers extends Timers {
  /** Moves the clock, calling back in order, and lets every promise that follows settle. */
  advance(byMs: number): Promise<void>;
  readonly nowMs: number;
  /** Delays asked for and not yet over, shortest first. */
  readonly pendingMs: readonly number[];
  /** What `random` answers from now on; 0.5 at first. */
  setRandom(value: number): void;
}

export function createFakeTimers(): FakeTimers {
  let nowMs = 0;
  let chance = 0.5;
  const due = new Map<symbol, { readonly atMs: number; readonly callback: () => void }>();
  const next = (untilMs: number) => [...due].filter(([, timer]) => timer.atMs <= untilMs).sort(([, a], [, b]) => a.atMs - b.atMs)[0];
  return {
    after(delayMs, callback) {
      const key = Symbol();
      due.set(key, { atMs: nowMs + delayMs, callback });
      return () => void due.delete(key);
    },
    random: () => chance,
    async advance(byMs) {
      const untilMs = nowMs + byMs;
      await settle();
      for (let timer = next(untilMs); timer; timer = next(untilMs)) {
        due.delete(timer[0]);
        nowMs = timer[1].atMs;
        timer[1].callback();
        await settle();
      }
      nowMs = untilMs;
    },
    get nowMs() {
      return nowMs;
    },
    get pendingMs() {
      return [...due.values()].map(({ atMs }) => atMs - nowMs).sort((a, b) => a - b);
    },
    setRandom(value) {
      chance = value;
    },
  };
}

/** Long chains of awaits over fakes end within one turn of the loop. */
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
