import type { NodeState } from '../node-state.ts';

export interface StateStore {
  /**
   * The last state that was saved whole. A missing file gives null; a corrupt one is set aside and reported with the name it
   * was given, and never stops the node.
   */
  load(): Promise<{ readonly state: NodeState | null; readonly quarantined: string | null }>;
  /** Atomic and durable when it resolves. One writer: calls are never concurrent. */
  save(state: NodeState): Promise<void>;
}
