import { EventEmitter } from 'node:events';
import { Injectable } from '@nestjs/common';
import type { EventView } from '@tidegate/contract-api';
import { Bus } from './bus/bus.ts';

interface Changes {
  node: [nodeId: string];
  event: [view: EventView, groupId: string];
  /** Events that another replica has stored; whoever wants them reads them. */
  events_elsewhere: [ordinals: readonly string[]];
  /** A user's rights, sessions or tokens changed; null: anybody's may have. */
  access: [userId: string | null];
  /** Notices were lost: anything may have changed. */
  gap: [];
}

/**
 * What changed, on whichever replica, for live pages. Only ever told after a commit; losing a notice loses no truth, the
 * rows have it.
 */
@Injectable()
export class ChangeFeed {
  private readonly emitter = new EventEmitter<Changes>();

  constructor(private readonly bus: Bus) {
    bus.listen('node', (ids) => {
      if (ids) for (const id of ids) this.emitter.emit('node', id);
      else this.emitter.emit('gap');
    });
    bus.listen('access', (ids) => {
      for (const id of ids ?? [null]) this.emitter.emit('access', id);
    });
    bus.listen('event', (ordinals, from) => {
      if (from === 'elsewhere' && ordinals) this.emitter.emit('events_elsewhere', ordinals);
    });
  }

  on<K extends keyof Changes>(kind: K, act: (...change: Changes[K]) => void): void {
    // The emitter's own type cannot follow a generic key.
    this.emitter.on(kind, act as never);
  }

  emit(kind: 'node' | 'access', id: string): void;
  /** @param ordinal of the stored row, by which other replicas read it. */
  emit(kind: 'event', view: EventView, groupId: string, ordinal: string): void;
  emit(kind: 'node' | 'access' | 'event', subject: string | EventView, groupId = '', ordinal = ''): void {
    if (typeof subject === 'string') return this.bus.publish(kind, [subject]);
    this.emitter.emit('event', subject, groupId);
    this.bus.publish('event', [ordinal]);
  }
}
