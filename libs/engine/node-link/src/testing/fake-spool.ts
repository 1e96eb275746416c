import type { NodeEvent } from '@tidegate/contract-events';
import type { Spool } from '../ports/spool.ts';

export interface FakeSpool extends Spool {
  readonly events: readonly NodeEvent[];
  /** Goes on under another id, as the next run of an agent does; what is left stays. */
  nextRun(): void;
  /** Makes `batch` reject. */
  broken: boolean;
}

const fakeUuid = (kind: number, number: number): string =>
  `00000000-0000-4000-8${String(kind).padStart(3, '0')}-${String(number).padStart(12, '0')}`;

export function createFakeSpool(): FakeSpool {
  const events: NodeEvent[] = [];
  let run = 1;
  let nextSeq = 1;
  let listener = (): void => {};
  const spool: FakeSpool = {
    events,
    broken: false,
    nextRun() {
      run += 1;
      nextSeq = 1;
    },
    append(fresh) {
      const event: NodeEvent = {
        id: fakeUuid(run, nextSeq),
        spool_id: fakeUuid(999, run),
        seq: nextSeq,
        at: '2026-01-01T00:00:00.000Z',
        ...fresh,
      };
      nextSeq += 1;
      events.push(event);
      listener();
      return Promise.resolve(event);
    },
    batch(sent, limit) {
      if (spool.broken) return Promise.reject(new Error('unreadable'));
      const head = events[0]?.spool_id;
      const after = sent && sent.spool_id === head ? sent.seq : 0;
      return Promise.resolve(events.filter((event) => event.spool_id === head && event.seq > after).slice(0, limit));
    },
    acknowledge(spoolId, seq) {
      const fromFuture = spoolId === fakeUuid(999, run) && seq >= nextSeq;
      while (!fromFuture && events[0] && events[0].spool_id === spoolId && events[0].seq <= seq) events.shift();
      return Promise.resolve();
    },
    onAppended(next) {
      listener = next;
    },
  };
  return spool;
}
