import type { UpgradeEngine } from '@tidegate/engine-upgrade';

/** What a candidate can say of itself, said again whenever it changes: the guard reads the last word at its deadline. */
export interface Witness {
  ready(): void;
  authenticated(): void;
  beatAcknowledged(uptimeSecs: number): void;
}

export function createWitness(engine: Pick<UpgradeEngine, 'testify'>, failed: (error: unknown) => void): Witness {
  const known = { ready: false, authenticated: false, beatUptimeSecs: null as number | null };
  // The engine writes one word after the other, and adds the checks.
  const testify = (change: Partial<typeof known>): void => {
    Object.assign(known, change);
    engine.testify({ ...known }).catch(failed);
  };
  return {
    ready: () => testify({ ready: true }),
    authenticated: () => testify({ authenticated: true }),
    beatAcknowledged: (beatUptimeSecs) => testify({ beatUptimeSecs }),
  };
}
