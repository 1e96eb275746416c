import type { SiemAuditRow, SiemEvent } from '@tidegate/contract-api';
import type { Reach } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import { auditPositionBefore, firstAuditFrom, selectChain } from '../audit/index.ts';
import { errorCodeOf, firstFrom, positionBefore, selectEventsAfter, viewOfEvent, type StoredEvent } from '../event-log/index.ts';
import type { SequenceHead, StreamName } from '../sequence/index.ts';

/** A row as it is sent, without its cursor, and what tells it from any other. */
interface Pulled<T> {
  readonly row: T;
  readonly position: number;
  readonly tag: string;
}

/** Rows in the order of their positions, and what is needed to check where a reader goes on. */
export interface RecordStream<T> {
  readonly name: StreamName;
  /** The row at a position, or the first one after it that retention has left. */
  firstFrom(em: EntityManager, position: number): Promise<{ readonly position: number; readonly tag: string } | null>;
  /** A position before every row of `time` or later. */
  positionBefore(em: EntityManager, time: Date, head: SequenceHead): Promise<number>;
  /** At most `limit` rows after `after` and up to `until`, that the reader may see and that are not older than `since`. */
  read(
    em: EntityManager,
    range: {
      readonly after: number;
      readonly until: number;
      readonly since: Date | null;
      readonly reach: Reach | null;
      readonly limit: number;
    },
  ): Promise<Pulled<T>[]>;
}

function siemEventOf(event: StoredEvent & { readonly position: number }): Omit<SiemEvent, 'cursor'> {
  const { at, received_at: time, ...view } = viewOfEvent(event);
  return {
    position: event.position,
    time,
    node_time: at,
    ...view,
    error_code: errorCodeOf(event),
    device_type: event.deviceType,
    group_id: event.groupId,
  };
}

export const eventStream: RecordStream<Omit<SiemEvent, 'cursor'>> = {
  name: 'events',
  firstFrom: async (em, position) => {
    const row = await firstFrom(em, position);
    return row && { position: row.position, tag: row.id };
  },
  positionBefore: (em, time, head) => positionBefore(em, time, head.position),
  read: async (em, { after, until, since, reach, limit }) => {
    const events = await selectEventsAfter(em, { filter: since ? { from: since } : {}, reach, limit, until }, after);
    return events.flatMap((event) =>
      event.position === null
        ? []
        : [{ row: siemEventOf({ ...event, position: event.position }), position: event.position, tag: event.id }],
    );
  },
};

export const auditStream: RecordStream<Omit<SiemAuditRow, 'cursor'>> = {
  name: 'audit',
  firstFrom: async (em, position) => {
    const row = await firstAuditFrom(em, position);
    return row && { position: row.position, tag: row.hash };
  },
  positionBefore: (em, time) => auditPositionBefore(em, time),
  read: async (em, { after, until, limit }) => {
    const rows = await selectChain(em, after, until, limit);
    return rows.map(({ at, ...row }) => ({ row: { ...row, time: at }, position: row.position, tag: row.hash }));
  },
};
