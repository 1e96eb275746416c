import { Controller, Param, Query } from '@nestjs/common';
import { listEvents, queryEvents, type EventPage, type QueryEvents } from '@tidegate/contract-api';
import type { z } from 'zod';
import { Caller, type SignedIn } from '../auth/index.ts';
import { against, entityId, Serve } from '../platform/index.ts';
import { EventPages } from './event-pages.ts';

@Controller()
export class EventsController {
  constructor(private readonly pages: EventPages) {}

  @Serve('listEvents')
  list(@Caller() caller: SignedIn, @Query(against(queryEvents)) query: QueryEvents): Promise<EventPage> {
    return this.pages.list(caller, query);
  }

  @Serve('listNodeEvents')
  ofNode(
    @Caller() caller: SignedIn,
    @Param('id', entityId('node_not_found')) id: string,
    @Query(against(listEvents)) query: z.output<typeof listEvents>,
  ): Promise<EventPage> {
    return this.pages.ofNode(caller, id, query);
  }
}
