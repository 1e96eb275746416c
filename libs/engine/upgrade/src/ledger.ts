import type { NodeState } from './node-state.ts';
import type { StateStore } from './ports/state-store.ts';
import type { EventSink } from './ports/surroundings.ts';

/** The one writer of the node's state: saves it whole, then spools the events that belong to it. */
export interface Ledger {
  state(): NodeState;
  /**
   * Durable when it resolves; nothing has changed when it rejects. Events of the change go into `outbox` first, so that a crash
   * in between sends them later. A spool that takes none for now is no failure of the change: they wait for the next one.
   */
  change(update: (state: NodeState) => NodeState): Promise<void>;
  /** Spools what could not be spooled before. Never rejects. */
  flush(): Promise<void>;
}

export function openLedger(initial: NodeState, store: StateStore, events: EventSink): Ledger {
  let state = initial;
  let tail: Promise<void> = Promise.resolve();

  const inTurn = (act: () => Promise<void>): Promise<void> => {
    const turn = tail.then(act);
    tail = turn.catch(() => undefined);
    return turn;
  };

  const spool = async (): Promise<void> => {
    if (state.outbox.length === 0) return;
    for (const event of state.outbox) await events.append(event);
    const empty = { ...state, outbox: [] };
    await store.save(empty);
    state = empty;
  };

  return {
    state: () => state,
    change: (update) =>
      inTurn(async () => {
        const next = update(state);
        await store.save(next);
        state = next;
        await spool().catch(() => undefined);
      }),
    flush: () => inTurn(() => spool().catch(() => undefined)),
  };
}
