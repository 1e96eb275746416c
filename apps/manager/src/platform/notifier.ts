import { createNotifier as createSupervisorLine, watchdogIntervalMs } from '@tidegate/adapter-systemd';
import type { Clock } from './clock.ts';

/** Tells whoever supervises us how we are: systemd, or over an inherited pipe (TIDEGATE_NOTIFY_FD) whoever speaks its words. */
export interface Notifier {
  ready(): void;
  status(text: string): void;
  stopping(): void;
  /** Feeds the watchdog from the main loop, so that a blocked loop is noticed. */
  watch(clock: Clock): void;
}

export async function createNotifier(environment: NodeJS.ProcessEnv): Promise<Notifier> {
  const { TIDEGATE_NOTIFY_FD, NOTIFY_SOCKET, WATCHDOG_USEC } = environment;
  const line = await createSupervisorLine({ TIDEGATE_NOTIFY_FD, NOTIFY_SOCKET }, process.pid);
  const everyMs = watchdogIntervalMs({ WATCHDOG_USEC });
  return {
    ready: () => line.ready(),
    status: (text) => line.status(text.replace(/[\r\n]+/g, ' ')),
    stopping: () => void line.stopping(),
    watch: (clock) => {
      if (everyMs !== null) clock.every(everyMs, () => line.watchdog());
    },
  };
}
