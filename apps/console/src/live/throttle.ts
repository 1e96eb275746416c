/** What setTimeout is in a browser; handed in so that tests own the time. */
export type Later = (run: () => void, delayMs: number) => () => void;
export const later: Later = (run, delayMs) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};

export interface Throttle {
  request(): void;
  stop(): void;
}
/** Runs at most once per interval, and always once after the last request: a burst must not ask the manager a hundred times. */
export const createThrottle = (run: () => void, intervalMs: number, schedule: Later): Throttle => {
  let cancel: (() => void) | null = null;
  let wanted = false;
  const rest = () => {
    cancel = schedule(() => {
      cancel = null;
      if (!wanted) return;
      wanted = false;
      run();
      rest();
    }, intervalMs);
  };
  return {
    request: () => {
      if (cancel !== null) {
        wanted = true;
        return;
      }
      run();
      rest();
    },
    stop: () => {
      cancel?.();
      cancel = null;
      wanted = false;
    },
  };
};
