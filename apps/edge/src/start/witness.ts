import type { UpgradeEngine } from '@tidegate/engine-upgrade';
import type { HealthChecks } from './checks.ts';

/** What a candidate can say of itself, said again whenever it changes: the guard reads the last word at its deadline. */
export interface Witness {
  ready(): void;
  authenticated(): void;
  beatAcknowledged(uptimeSecs: number): void;
}

export function createWitness(engine: Pick<UpgradeEngine, 'testify'>, checks: HealthChecks, failed: (error: unknown) => void): Witness {
  const known = { ready: false, authenticated: false, beatUptimeSecs: null as number | null };
  let writing = false;
  let changed = false;
  // One write at a time: an older word must never land after a newer one.
  const testify = (): void => {
    changed = true;
    if (writing) return;
    writing = true;
    void writeLatest()
      .catch(failed)
      .finally(() => {
        writing = false;
      });
  };
  const writeLatest = async (): Promise<void> => {
    while (changed) {
      changed = false;
      await engine.testify({ ...known, checks: checks.verdict() });
    }
  };
  return {
    ready() {
      known.ready = true;
      testify();
    },
    authenticated() {
      known.authenticated = true;
      testify();
    },
    beatAcknowledged(uptimeSecs) {
      known.beatUptimeSecs = uptimeSecs;
      testify();
    },
  };
}
