import type { LiveSession } from './node-link.ts';

/**
 * greeted -> enrolling -> greeted (now as an enrolled node) -> authenticating -> live; or closed from anywhere.
 * `enrolling` and `authenticating` wait for the database; a message that arrives then is out of turn.
 */
export type ConnectionPhase = 'greeted' | 'enrolling' | 'authenticating' | 'live' | 'closed';

/** What the gateway remembers of one socket. Small: there are ten thousand of them. */
export interface NodeConnection {
  /** Of its hello; forgotten once it is answered. */
  nonce: string;
  /** Where it comes from; asked for its address only when somebody wants to know it, which is a call into the kernel. */
  readonly peer: { readonly remoteAddress?: string | undefined };
  readonly openedAtMs: number;
  phase: ConnectionPhase;
  session: LiveSession | undefined;
  cancelDeadline: () => void;
  /** Anything was heard since the last ping. */
  alive: boolean;
  /** The last beat that was understood, as text: one that differs in numbers only need not be understood again. */
  lastBeat: string;
  /** Digest of what the last stored beat said, without what changes every time; and the one number that counts as news. */
  lastStanding: string;
  lastSequence: number;
  lastBeatAtMs: number;
  /** When the whole of it was stored last. */
  lastReportAtMs: number;
  keyAdopted: boolean;
}
