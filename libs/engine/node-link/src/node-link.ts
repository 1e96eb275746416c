import type { Facts, Settings } from '@tidegate/contract-protocol';
import { delayMs, paceOf, type Ending } from './backoff.ts';
import { openChannel, type Channel } from './channel.ts';
import { shakeHands, type HandshakeParts } from './handshake.ts';
import type { Transport } from './ports/transport.ts';
import { runSession, type Session, type SessionParts } from './session.ts';

export type LinkState =
  | { readonly state: 'connecting' }
  | { readonly state: 'online'; readonly settings: Settings }
  /** `code` names what was refused; `pace` is slow when only a person can mend it. */
  | ({ readonly state: 'waiting'; readonly pace: 'soon' | 'slow'; readonly delayMs: number } & Omit<Ending, 'retryAfterMs'>)
  | { readonly state: 'stopped' };

export interface NodeLinkOptions
  extends Omit<HandshakeParts, 'intent' | 'tokenFirst'>, Omit<SessionParts, 'enrolment' | 'settings' | 'nextBeat'> {
  readonly url: string;
  readonly transport: Transport;
  readonly facts: () => Facts;
  readonly onState: (state: LinkState) => void;
}

export interface NodeLink {
  start(): void;
  /** Closes the connection and resolves when it is closed. Final. */
  stop(): Promise<void>;
  beatSoon(): void;
}

/** hello, register or auth, and their answers: together. The manager's own deadline is the same. */
const HANDSHAKE_DEADLINE_MS = 10_000;
/**
 * Codes after which a token, if a person has put one there, counts more than the enrolment it replaces. Another manager's
 * identity is not among them: the pin falls only with `node.json`, which a person has to remove.
 */
const ENROLMENT_VOID = new Set(['node_unknown', 'node_revoked']);

/**
 * Keeps one session with the manager for as long as the process lives: connects, authenticates, beats, sends events, takes
 * commands, and comes back with full-jitter delays whatever ended the last connection. It never gives up and never throws.
 */
export function createNodeLink(options: NodeLinkOptions): NodeLink {
  const { timers, spool } = options;
  let stopped = false;
  let channel: Channel | null = null;
  let session: Session | null = null;
  let wake = (): void => {};
  let running: Promise<void> = Promise.resolve();
  let beats = 0;
  let failures = 0;
  let tokenFirst = false;

  const connectOnce = async (): Promise<Ending> => {
    options.onState({ state: 'connecting' });
    const open = openChannel(options.transport, options.url);
    channel = open;
    const cancel = timers.after(HANDSHAKE_DEADLINE_MS, () => open.close(1001, 'handshake_timeout'));
    const hands = await shakeHands(open, { ...options, intent: 'session', tokenFirst }).finally(cancel);
    if (!hands.ok) return hands.ending;
    tokenFirst = false;
    const { enrolment, authOk: { settings } } = hands;
    session = runSession(open, {
      ...options,
      enrolment,
      settings,
      nextBeat: () => ++beats,
      onBeatAcknowledged(uptimeSecs) {
        // Not at auth_ok: a manager that accepts and then fails must not be hammered by its fleet.
        failures = 0;
        options.onBeatAcknowledged(uptimeSecs);
      },
    });
    options.onState({ state: 'online', settings });
    return session.ended;
  };

  const connectSafely = async (): Promise<Ending> => {
    try {
      return await connectOnce();
    } catch (error) {
      // A fault of our own (a key that cannot sign, a full disk at enrolment) costs this connection, never the agent.
      options.onFault(error);
      channel?.close(1000, 'internal_error');
      return { code: null, closeCode: 1006 };
    } finally {
      channel = null;
      session = null;
    }
  };

  const loop = async (): Promise<void> => {
    while (!stopped) {
      const ending = await connectSafely();
      if (stopped) break;
      failures += 1;
      if (ending.code !== null && ENROLMENT_VOID.has(ending.code)) tokenFirst = true;
      const pauseMs = delayMs(ending, failures, timers.random());
      const { code, closeCode, cause } = ending;
      options.onState({ state: 'waiting', code, closeCode, ...(cause !== undefined && { cause }), pace: paceOf(ending), delayMs: pauseMs });
      await new Promise<void>((resolve) => {
        const cancel = timers.after(pauseMs, resolve);
        wake = () => {
          cancel();
          resolve();
        };
      });
    }
    options.onState({ state: 'stopped' });
  };

  spool.onAppended(() => session?.pumpEvents());
  return {
    start() {
      running = loop();
    },
    async stop() {
      stopped = true;
      wake();
      channel?.close(1001, 'stopping');
      await running;
    },
    beatSoon: () => session?.beatSoon(),
  };
}
