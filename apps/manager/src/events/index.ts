import { Module } from '@nestjs/common';
import { NodesModule } from '../nodes/index.ts';
import { EventIngest } from './event-ingest.ts';

@Module({ imports: [NodesModule], providers: [EventIngest], exports: [EventIngest] })
export class EventsModule {}

export { EventIngest, type EventProjection } from './event-ingest.ts';
export { eventsPersistence } from './persistence/index.ts';
export { findEvents, listNodeEvents, type ReceivedEvent } from './persistence/event-records.ts';
