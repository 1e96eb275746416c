import { once, EventEmitter } from 'node:events';

import type { ServiceEvent } from './options.ts';

type EventOf<T extends ServiceEvent['type']> = Extract<ServiceEvent, { type: T }>;

/** Collects a service's events for a test and waits for them: the tests' only clock. */
export class EventLog {
  readonly all: ServiceEvent[] = [];
  readonly #arrival = new EventEmitter();

  readonly record = (event: ServiceEvent): void => {
    this.all.push(event);
    this.#arrival.emit('event');
  };

  of<T extends ServiceEvent['type']>(type: T): readonly EventOf<T>[] {
    return this.all.filter((event): event is EventOf<T> => event.type === type);
  }

  /** The nth event of a type (from 1), as soon as it has come. The test's own time limit ends the wait. */
  async nth<T extends ServiceEvent['type']>(type: T, n = 1): Promise<EventOf<T>> {
    for (;;) {
      const event = this.of(type)[n - 1];
      if (event) return event;
      await once(this.#arrival, 'event');
    }
  }
}
