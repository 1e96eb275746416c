/** All time of the manager. Tests move it by hand, so that no test sleeps. */
export interface Clock {
  now(): Date;
  /** Runs `act` once after `ms`; returns what cancels it. */
  after(ms: number, act: () => void): () => void;
  /** Runs `act` every `ms`; returns what stops it. Does not keep the process alive. */
  every(ms: number, act: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => new Date(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  every: (ms, act) => {
    const timer = setInterval(act, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
