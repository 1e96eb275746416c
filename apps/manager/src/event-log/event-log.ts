import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { PLATFORM_EVENTS, type PlatformEventName } from '@tidegate/contract-events';
import type { EntityManager } from 'typeorm';
import { ChangeFeed, CLOCK, type Clock } from '../platform/index.ts';
import { Sequencer } from '../sequence/index.ts';
import { assignEventPositions, hasWaitingEvents, insertEvents } from './persistence/event-rows.ts';

export interface PlatformEvent {
  readonly name: PlatformEventName;
  /** The group whose members see it; without one only a super_admin does. A node's event names its group as well. */
  readonly groupId?: string;
  readonly nodeId?: string;
  /** Never a secret: it goes to browsers and to a SIEM. */
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

/** All events, of nodes and of the manager itself, in one order. */
@Injectable()
export class EventLog implements OnModuleInit {
  constructor(
    private readonly sequencer: Sequencer,
    private readonly changes: ChangeFeed,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.sequencer.register({ name: 'events', hasWaiting: hasWaitingEvents, assign: assignEventPositions });
    this.sequencer.onAdvance((name, { position }) => {
      if (name === 'events') this.changes.emit('events', String(position));
    });
  }

  /** What the manager noticed, in the transaction of what it noticed. */
  async record(em: EntityManager, event: PlatformEvent): Promise<void> {
    const now = this.clock.now();
    const { category, severity } = PLATFORM_EVENTS[event.name];
    await insertEvents(em, [
      {
        id: randomUUID(),
        nodeId: event.nodeId ?? null,
        groupId: event.groupId ?? null,
        spool: null,
        name: event.name,
        category,
        severity,
        at: now.toISOString(),
        receivedAt: now,
        details: event.details ?? {},
      },
    ]);
    this.sequencer.wakeSoon('events');
  }
}
