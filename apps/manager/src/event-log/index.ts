import { Global, Module } from '@nestjs/common';
import { EventLog } from './event-log.ts';
import { EventTail } from './event-tail.ts';

@Global()
@Module({ providers: [EventLog, EventTail], exports: [EventLog, EventTail] })
export class EventLogModule {}

export { EventLog, type PlatformEvent } from './event-log.ts';
export { EventTail } from './event-tail.ts';
export { errorCodeOf, viewOfEvent } from './event-view.ts';
export { eventLogPersistence } from './persistence/index.ts';
export {
  firstFrom,
  selectEventsAfter,
  selectEventsBefore,
  type EventFilter,
  type EventWindow,
  type StoredEvent,
} from './persistence/event-pages.ts';
export { dropPartition, expiredPartitions, makePartition, missingMonths, removeExpiredStrays } from './persistence/event-partitions.ts';
export { insertEvents } from './persistence/event-rows.ts';
export { positionBefore, positionUntil } from './persistence/position-at.ts';
