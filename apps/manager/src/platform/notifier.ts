import { writeSync } from 'node:fs';
import type { Clock } from './clock.ts';

/** Tells whoever supervises us how we are, in systemd's words, over an inherited pipe (TIDEGATE_NOTIFY_FD). */
export interface Notifier {
  ready(): void;
  status(text: string): void;
  stopping(): void;
  /** Feeds the watchdog from the main loop, so that a blocked loop is noticed. */
  watch(clock: Clock): void;
}

export function createNotifier(environment: NodeJS.ProcessEnv): Notifier {
  const fd = Number(environment['TIDEGATE_NOTIFY_FD'] ?? Number.NaN);
  const watchdogMs = Number(environment['WATCHDOG_USEC'] ?? 10_000_000) / 1000;
  let open = Number.isInteger(fd);
  const say = (line: string): void => {
    if (!open) return;
    try {
      writeSync(fd, `${line}\n`);
    } catch (error) {
      // A full pipe loses one line; a reader that has gone ends the talk, never the manager.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') open = false;
    }
  };
  return {
    ready: () => say('READY=1'),
    status: (text) => say(`STATUS=${text.replace(/[\r\n]+/g, ' ')}`),
    stopping: () => say('STOPPING=1'),
    watch: (clock) => void clock.every(watchdogMs / 2, () => say('WATCHDOG=1')),
  };
}
