import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { NodeEvent } from '@tidegate/contract-events';
import type { EntityManager } from 'typeorm';
import { NodeLink, type LiveSession } from '../nodes/index.ts';
import { BatchWriter, ChangeFeed, CLOCK, Database, Metrics, type Clock } from '../platform/index.ts';
import { Sequencer } from '../sequence/index.ts';
import { storeReceived, takeNew, type ReceivedEvent } from './received-event.ts';

/** Draws its own conclusions from new events, in the transaction that stores them. @returns nodes that look different by it */
export type EventProjection = (em: EntityManager, events: readonly ReceivedEvent[]) => Promise<ReadonlySet<string>>;

/** While the database stores one batch, the next one is put together. A node keeps to its lane: its events must not overtake each other. */
const LANES = 2;

/** At least once from the node, exactly once into the table: acknowledged after the commit, known by (spool id, seq). */
@Injectable()
export class EventIngest implements OnModuleInit {
  private readonly projections: EventProjection[] = [];
  private stored = 0;
  private readonly lanes: readonly BatchWriter<ReceivedEvent>[];

  constructor(
    private readonly database: Database,
    private readonly changes: ChangeFeed,
    private readonly sequencer: Sequencer,
    private readonly link: NodeLink,
    metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.lanes = Array.from({ length: LANES }, () => new BatchWriter((items) => this.store(items)));
    metrics.queue('events', () => this.lanes.reduce((sum, lane) => sum + lane.depth, 0));
    metrics.total('tidegate_events_total', () => this.stored);
  }

  onModuleInit(): void {
    this.link.listen({ event: (session, event) => this.receive(session, event) });
  }

  project(projection: EventProjection): void {
    this.projections.push(projection);
  }

  private receive({ nodeId, groupId }: LiveSession, event: NodeEvent): Promise<void> {
    const lane = this.lanes[parseInt(nodeId.slice(-4), 16) % LANES] as BatchWriter<ReceivedEvent>;
    return lane.add({ nodeId, groupId, receivedAt: this.clock.now(), event });
  }

  private async store(items: readonly ReceivedEvent[]): Promise<void> {
    const changed = await this.database.transaction(async (em) => {
      const taken = await takeNew(em, items);
      await storeReceived(em, taken);
      const nodes = new Set<string>();
      for (const projection of this.projections) for (const id of await projection(em, taken)) nodes.add(id);
      return nodes;
    });
    this.stored += items.length;
    this.sequencer.wake('events');
    for (const id of changed) this.changes.emit('node', id);
  }
}
