import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { NodeEvent } from '@tidegate/contract-events';
import type { EntityManager } from 'typeorm';
import { NodeLink, type LiveSession } from '../nodes/index.ts';
import { BatchWriter, ChangeFeed, CLOCK, Database, DatabaseLife, LOG, oneAtATime, type Clock, type Log } from '../platform/index.ts';
import { ensurePartitions, storeEvents, takeNew, toView, type ReceivedEvent } from './persistence/event-records.ts';

/** Draws its own conclusions from new events, in the transaction that stores them. */
export type EventProjection = (em: EntityManager, events: readonly ReceivedEvent[]) => Promise<void>;

const PARTITIONS_EVERY_MS = 12 * 3_600_000;

/** At least once from the node, exactly once into the table: acknowledged after the commit, known by (spool id, seq). */
@Injectable()
export class EventIngest implements OnModuleInit {
  private readonly projections: EventProjection[] = [];
  private readonly writer: BatchWriter<ReceivedEvent>;

  constructor(
    private readonly database: Database,
    private readonly life: DatabaseLife,
    private readonly changes: ChangeFeed,
    private readonly link: NodeLink,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.writer = new BatchWriter((items) => this.store(items));
  }

  onModuleInit(): void {
    this.link.listen({ event: (session, event) => this.receive(session, event) });
    this.life.onReady(() => this.makePartitions());
    this.clock.every(
      PARTITIONS_EVERY_MS,
      oneAtATime(() => this.makePartitions().catch(() => {})),
    );
  }

  project(projection: EventProjection): void {
    this.projections.push(projection);
  }

  private receive(session: LiveSession, event: NodeEvent): Promise<void> {
    return this.writer.add({ nodeId: session.nodeId, groupId: session.groupId, receivedAt: this.clock.now(), event });
  }

  private async store(items: readonly ReceivedEvent[]): Promise<void> {
    const fresh = await this.database.transaction(async (em) => {
      const taken = await takeNew(em, items);
      const ordinals = await storeEvents(em, taken);
      for (const projection of this.projections) await projection(em, taken);
      return taken.map((item, index) => ({ item, ordinal: ordinals[index] ?? '' }));
    });
    for (const { item, ordinal } of fresh) {
      this.changes.emit('event', toView(item), item.groupId, ordinal);
      this.changes.emit('node', item.nodeId);
    }
  }

  /** A month whose events already lie in the default partition cannot get its own any more; nothing is lost by that. */
  private async makePartitions(): Promise<void> {
    try {
      await this.database.read((em) => ensurePartitions(em, this.clock.now()));
    } catch (error) {
      this.log.warn({ err: error }, 'partitions of events not made');
    }
  }
}
