import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Health } from '@tidegate/contract-protocol';

/** A loop that is half a second late every other turn serves nobody. The median, since one slow disk is no fault of the version. */
const MAX_LOOP_DELAY_MS = 500;

export interface HealthChecks {
  run(): Health['checks'];
  verdict(): 'ok' | 'regressed';
}

/** Process-local checks. A fresh process has no old faults, so a failing one is a regression. */
export function createHealthChecks(): HealthChecks {
  const delay = monitorEventLoopDelay({ resolution: 100 });
  delay.enable();
  const loopDelayMs = (): number => Math.max(0, Math.round(delay.percentile(50) / 1e6) - 100);
  return {
    run() {
      const late = loopDelayMs();
      return [{ id: 'event-loop', ok: late <= MAX_LOOP_DELAY_MS, detail: `${late} ms` }];
    },
    verdict: () => (loopDelayMs() <= MAX_LOOP_DELAY_MS ? 'ok' : 'regressed'),
  };
}
