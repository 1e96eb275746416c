import type { BeatTemplate } from './beat-template.ts';
import type { LiveSession } from './node-link.ts';

/**
 * greeted -> enrolling -> greeted (now as an enrolled node) -> authenticating -> live; or closed from anywhere.
 * `enrolling` and `authenticating` wait for the database; a message that arrives then is out of turn.
 */
export type ConnectionPhase = 'greeted' | 'enrolling' | 'authenticating' | 'live' | 'closed';

/** What the gateway remembers of one socket. Small: there are ten thousand of them. */
export interface NodeConnection {
  /** In the log; counts up in this process. */
  readonly id: number;
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
  /** Fits beats that say what the last stored one said. */
  template: BeatTemplate | null;
  /** Digest of what the last stored beat said, without what changes every time. */
  lastStanding: string;
  lastBeatAtMs: number;
  /** When the whole of it was stored last. */
  lastReportAtMs: number;
  keyAdopted: boolean;
}
