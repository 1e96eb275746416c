import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { API, listEvents, listNodes, type EventPage, type NodePage, type NodeView } from '@tidegate/contract-api';
import type { Response } from 'express';
import type { z } from 'zod';
import { Access, Caller, type SignedIn } from '../auth/index.ts';
import { against, entityId } from '../platform/index.ts';
import { Fleet } from './fleet.ts';
import { LiveStream } from './live-stream.ts';

@Controller()
export class FleetController {
  constructor(
    private readonly fleet: Fleet,
    private readonly stream: LiveStream,
  ) {}

  @Access('node.read')
  @Get(API.nodes)
  list(@Caller() caller: SignedIn, @Query(against(listNodes)) query: z.output<typeof listNodes>): Promise<NodePage> {
    return this.fleet.list(caller, query);
  }

  @Access('node.read')
  @Get(API.node)
  read(@Caller() caller: SignedIn, @Param('id', entityId('node_not_found')) id: string): Promise<NodeView> {
    return this.fleet.read(caller, id);
  }

  @Access('event.read')
  @Get(API.nodeEvents)
  events(
    @Caller() caller: SignedIn,
    @Param('id', entityId('node_not_found')) id: string,
    @Query(against(listEvents)) query: z.output<typeof listEvents>,
  ): Promise<EventPage> {
    return this.fleet.events(caller, id, query);
  }

  @Access('node.read')
  @Get(API.stream)
  watch(@Caller() caller: SignedIn, @Res() response: Response): void {
    this.stream.open(caller.principal, caller.sessionSecret, response);
  }
}
