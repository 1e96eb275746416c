import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { CheckResult } from '@tidegate/engine-upgrade';

/** A loop that is half a second late every other turn serves nobody. The median, since one slow disk is no fault of the version. */
const MAX_LOOP_DELAY_MS = 500;

export interface HealthChecks {
  run(): readonly CheckResult[];
}

/** Process-local checks: cheap enough for every beat. */
export function createHealthChecks(): HealthChecks {
  const delay = monitorEventLoopDelay({ resolution: 100 });
  delay.enable();
  const loopDelayMs = (): number => Math.max(0, Math.round(delay.percentile(50) / 1e6) - 100);
  return {
    run() {
      const late = loopDelayMs();
      return [{ id: 'event-loop', ok: late <= MAX_LOOP_DELAY_MS, detail: `${late} ms` }];
    },
  };
}
