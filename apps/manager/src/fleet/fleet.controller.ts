import { Controller, Param, Query, Res } from '@nestjs/common';
import {
  countNodes,
  explainNode,
  listNodes,
  openStream,
  type NodeCounts,
  type NodeExplanation,
  type NodeFacts,
  type NodePage,
  type NodeView,
  type OpenStream,
} from '@tidegate/contract-api';
import type { Response } from 'express';
import type { z } from 'zod';
import { Caller, type SignedIn } from '../auth/index.ts';
import { against, entityId, Serve } from '../platform/index.ts';
import { Explanations } from './explain/explanations.ts';
import { Fleet } from './fleet.ts';
import { LiveStream } from './live-stream.ts';

@Controller()
export class FleetController {
  constructor(
    private readonly fleet: Fleet,
    private readonly stream: LiveStream,
    private readonly explanations: Explanations,
  ) {}

  @Serve('listNodes')
  list(@Caller() caller: SignedIn, @Query(against(listNodes)) query: z.output<typeof listNodes>): Promise<NodePage> {
    return this.fleet.list(caller, query);
  }

  // Before readNode: its path would take `counts` for an id.
  @Serve('countNodes')
  count(@Caller() caller: SignedIn, @Query(against(countNodes)) query: z.output<typeof countNodes>): Promise<NodeCounts> {
    return this.fleet.counts(caller, query);
  }

  @Serve('readNode')
  read(@Caller() caller: SignedIn, @Param('id', entityId('node_not_found')) id: string): Promise<NodeView> {
    return this.fleet.read(caller, id);
  }

  @Serve('readNodeFacts')
  facts(@Caller() caller: SignedIn, @Param('id', entityId('node_not_found')) id: string): Promise<NodeFacts> {
    return this.fleet.facts(caller, id);
  }

  @Serve('explainNode')
  explain(
    @Caller() caller: SignedIn,
    @Param('id', entityId('node_not_found')) id: string,
    @Query(against(explainNode)) query: z.output<typeof explainNode>,
  ): Promise<NodeExplanation> {
    return this.explanations.explain(caller, id, query);
  }

  @Serve('openStream')
  watch(@Caller() caller: SignedIn, @Query(against(openStream)) query: OpenStream, @Res() response: Response): void {
    this.stream.open(caller, query, response);
  }
}
