import type { EventName } from '@tidegate/contract-events';
import type { AttemptInput } from '@tidegate/domain-attempt';
import { advance, eventOf } from './attempt-log.ts';
import type { EngineParts } from './engine-parts.ts';
import type { Ledger } from './ledger.ts';
import type { AttemptRecord, NodeState } from './node-state.ts';

interface Change {
  readonly patch?: Partial<AttemptRecord>;
  readonly events?: readonly EventName[];
  /** What else becomes true with this step, in the same write. */
  readonly also?: (state: NodeState) => NodeState;
}

/** The running attempt and the one way to move it: saved before anything acts on the new state. */
export interface AttemptMoves {
  attempt(): AttemptRecord;
  state(): NodeState;
  move(input: AttemptInput, change?: Change): Promise<void>;
  /** What the node learns on the way, without a step. */
  learn(update: (state: NodeState) => NodeState): Promise<void>;
}

export function attemptMoves(ledger: Ledger, parts: Pick<EngineParts, 'clock' | 'self'>): AttemptMoves {
  const attempt = (state = ledger.state()): AttemptRecord => {
    if (!state.attempt) throw new Error('no attempt is running');
    return state.attempt;
  };
  return {
    attempt,
    state: () => ledger.state(),
    learn: (update) => ledger.change(update),
    move: (input, { patch = {}, events = [], also = (state: NodeState) => state } = {}) =>
      ledger.change((state) => {
        const next = { ...advance(attempt(state), input, parts.clock), ...patch };
        return also({ ...state, attempt: next, outbox: [...state.outbox, ...events.map((name) => eventOf(name, next, parts.self))] });
      }),
  };
}
