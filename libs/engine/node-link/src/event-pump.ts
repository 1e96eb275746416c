import type { NodeEvent } from '@tidegate/contract-events';
import type { Spool } from './ports/spool.ts';

/** Sent and not yet acknowledged: enough to hide a round trip, small enough that little is sent twice after a break. */
const WINDOW = 16;

export interface EventPump {
  /** Sends what fits into the window. Safe to call at any time, any number of times. */
  pump(): void;
  acknowledged(spoolId: string, seq: number): void;
  stop(): void;
}

/**
 * Sends spooled events in order on one session. A new session starts again at the oldest one: at least once, and the manager
 * drops what it has by (spool_id, seq). `failed` is told when the spool cannot be read or cut, which ends the session.
 */
export function createEventPump(spool: Spool, send: (event: NodeEvent) => void, failed: (error: unknown) => void): EventPump {
  let last: NodeEvent | null = null;
  let inFlight: NodeEvent[] = [];
  let stopped = false;
  let again = false;
  let busy: Promise<void> | null = null;

  const fill = async (): Promise<void> => {
    do {
      again = false;
      const room = WINDOW - inFlight.length;
      if (room <= 0) return;
      for (const event of await spool.batch(last, room)) {
        if (stopped) return;
        send(event);
        last = event;
        inFlight.push(event);
      }
      // An append or an acknowledgement may have come while the batch was read.
    } while (again && !stopped);
  };
  const pump = (): void => {
    if (stopped) return;
    again = true;
    busy ??= fill()
      .catch(failed)
      .finally(() => {
        busy = null;
        // Between the last look at `again` and here nothing else may be lost.
        if (again && inFlight.length < WINDOW) pump();
      });
  };
  return {
    pump,
    acknowledged(spoolId, seq) {
      inFlight = inFlight.filter((sent) => sent.spool_id !== spoolId || sent.seq > seq);
      spool.acknowledge(spoolId, seq).then(pump, failed);
    },
    stop() {
      stopped = true;
    },
  };
}
