import { useSyncExternalStore } from 'react';

/** One clock for every relative time on the page; a timer per cell would wake the browser hundreds of times a second. */
const createClock = (tickMs: number) => {
  let nowMs = Date.now();
  let timer: ReturnType<typeof setInterval> | null = null;
  const listeners = new Set<() => void>();
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    timer ??= setInterval(() => {
      nowMs = Date.now();
      for (const each of listeners) each();
    }, tickMs);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || timer === null) return;
      clearInterval(timer);
      timer = null;
    };
  };
  return { subscribe, read: () => nowMs };
};
const clock = createClock(1000);

/** Milliseconds since the epoch, renewed every second while somebody looks. */
export const useNow = (): number => useSyncExternalStore(clock.subscribe, clock.read);
