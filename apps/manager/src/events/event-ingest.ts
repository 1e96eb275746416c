import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { NodeEvent } from '@tidegate/contract-events';
import type { EntityManager } from 'typeorm';
import { NodeLink, type LiveSession } from '../nodes/index.ts';
import { BatchWriter, ChangeFeed, CLOCK, Database, type Clock } from '../platform/index.ts';
import { Sequencer } from '../sequence/index.ts';
import { storeReceived, takeNew, type ReceivedEvent } from './received-event.ts';

/** Draws its own conclusions from new events, in the transaction that stores them. @returns nodes that look different by it */
export type EventProjection = (em: EntityManager, events: readonly ReceivedEvent[]) => Promise<ReadonlySet<string>>;

/** At least once from the node, exactly once into the table: acknowledged after the commit, known by (spool id, seq). */
@Injectable()
export class EventIngest implements OnModuleInit {
  private readonly projections: EventProjection[] = [];
  private readonly writer: BatchWriter<ReceivedEvent>;

  constructor(
    private readonly database: Database,
    private readonly changes: ChangeFeed,
    private readonly sequencer: Sequencer,
    private readonly link: NodeLink,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.writer = new BatchWriter((items) => this.store(items));
  }

  onModuleInit(): void {
    this.link.listen({ event: (session, event) => this.receive(session, event) });
  }

  project(projection: EventProjection): void {
    this.projections.push(projection);
  }

  private receive(session: LiveSession, event: NodeEvent): Promise<void> {
    return this.writer.add({ nodeId: session.nodeId, groupId: session.groupId, receivedAt: this.clock.now(), event });
  }

  private async store(items: readonly ReceivedEvent[]): Promise<void> {
    const changed = await this.database.transaction(async (em) => {
      const taken = await takeNew(em, items);
      await storeReceived(em, taken);
      const nodes = new Set<string>();
      for (const projection of this.projections) for (const id of await projection(em, taken)) nodes.add(id);
      return nodes;
    });
    this.sequencer.wake('events');
    for (const id of changed) this.changes.emit('node', id);
  }
}
