import { Controller, Param, Query, Res } from '@nestjs/common';
import { listEvents, listNodes, type EventPage, type NodePage, type NodeView } from '@tidegate/contract-api';
import type { Response } from 'express';
import type { z } from 'zod';
import { Caller, type SignedIn } from '../auth/index.ts';
import { against, entityId, Serve } from '../platform/index.ts';
import { Fleet } from './fleet.ts';
import { LiveStream } from './live-stream.ts';

@Controller()
export class FleetController {
  constructor(
    private readonly fleet: Fleet,
    private readonly stream: LiveStream,
  ) {}

  @Serve('listNodes')
  list(@Caller() caller: SignedIn, @Query(against(listNodes)) query: z.output<typeof listNodes>): Promise<NodePage> {
    return this.fleet.list(caller, query);
  }

  @Serve('readNode')
  read(@Caller() caller: SignedIn, @Param('id', entityId('node_not_found')) id: string): Promise<NodeView> {
    return this.fleet.read(caller, id);
  }

  @Serve('listNodeEvents')
  events(
    @Caller() caller: SignedIn,
    @Param('id', entityId('node_not_found')) id: string,
    @Query(against(listEvents)) query: z.output<typeof listEvents>,
  ): Promise<EventPage> {
    return this.fleet.events(caller, id, query);
  }

  @Serve('openStream')
  watch(@Caller() caller: SignedIn, @Res() response: Response): void {
    this.stream.open(caller, response);
  }
}
