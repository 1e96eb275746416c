import { write } from 'node:fs';
import type { Notifier } from './notifier.ts';

/** The same lines as systemd's, into an inherited pipe, for supervisors that cannot offer a datagram socket. */
export function createFdNotifier(fd: number): Notifier {
  let pending: Promise<void> = Promise.resolve();
  let waiting = 0;
  const line = (text: string): Promise<void> => {
    waiting += 1;
    pending = pending.then(
      () =>
        new Promise((resolve) => {
          // A supervisor that died (EPIPE) or does not read (EAGAIN) is no reason to stop.
          write(fd, `${text}\n`, () => {
            waiting -= 1;
            resolve();
          });
        }),
    );
    return pending;
  };
  return {
    ready: () => void line('READY=1'),
    status: (text) => void line(`STATUS=${text.replaceAll('\n', ' ')}`),
    watchdog() {
      // Lines that nobody reads must not pile up, and must not feed a watchdog later on.
      if (waiting < 4) void line('WATCHDOG=1');
    },
    extendStart: (secs) => void line(`EXTEND_TIMEOUT_USEC=${Math.ceil(secs) * 1_000_000}`),
    stopping: () => line('STOPPING=1'),
  };
}
