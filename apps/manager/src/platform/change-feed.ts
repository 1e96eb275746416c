import { EventEmitter } from 'node:events';
import { Injectable } from '@nestjs/common';
import { Bus } from './bus/bus.ts';

interface Changes {
  node: [nodeId: string];
  /** Events have got a position; whoever wants them reads them. */
  events: [];
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
    bus.listen('event', () => void this.emitter.emit('events'));
  }

  on<K extends keyof Changes>(kind: K, act: (...change: Changes[K]) => void): void {
    // The emitter's own type cannot follow a generic key.
    this.emitter.on(kind, act as never);
  }

  /** @param ids of nodes or users; for events the last position. */
  emit(kind: 'node' | 'access' | 'events', ...ids: readonly string[]): void {
    this.bus.publish(kind === 'events' ? 'event' : kind, ids);
  }
}
