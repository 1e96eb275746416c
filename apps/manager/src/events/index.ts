import { Module } from '@nestjs/common';
import { NodesModule } from '../nodes/index.ts';
import { EventIngest } from './event-ingest.ts';
import { EventPages } from './event-pages.ts';
import { EventRetention } from './event-retention.ts';
import { EventsController } from './events.controller.ts';

@Module({
  imports: [NodesModule],
  controllers: [EventsController],
  providers: [EventIngest, EventPages, EventRetention],
  exports: [EventIngest],
})
export class EventsModule {}

export { EventIngest, type EventProjection } from './event-ingest.ts';
export type { ReceivedEvent } from './received-event.ts';
