import type { NodeState } from './node-state.ts';
import type { StateStore } from './ports/state-store.ts';
import type { EventSink } from './ports/surroundings.ts';

/** The one writer of the node's state: saves it whole, then spools the events that belong to it. */
export interface Ledger {
  state(): NodeState;
  /** Durable when it resolves. Events of the change go into `outbox` first, so that a crash in between sends them later. */
  change(update: (state: NodeState) => NodeState): Promise<void>;
}

export function openLedger(initial: NodeState, store: StateStore, events: EventSink): Ledger {
  let state = initial;
  let tail: Promise<void> = Promise.resolve();

  const apply = async (update: (state: NodeState) => NodeState): Promise<void> => {
    const next = update(state);
    await store.save(next);
    state = next;
    if (next.outbox.length === 0) return;
    for (const event of next.outbox) await events.append(event);
    state = { ...next, outbox: [] };
    await store.save(state);
  };

  return {
    state: () => state,
    change(update) {
      const turn = tail.then(() => apply(update));
      tail = turn.catch(() => undefined);
      return turn;
    },
  };
}
