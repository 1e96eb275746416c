import { WIRE, type Facts, type Settings } from '@tidegate/contract-protocol';
import { delayMs, paceOf, type Ending } from './backoff.ts';
import { openChannel, type Channel } from './channel.ts';
import { shakeHands, type HandshakeParts } from './handshake.ts';
import { offerKey } from './key-offer.ts';
import type { Transport } from './ports/transport.ts';
import { runSession, type Session, type SessionParts } from './session.ts';

export type LinkState =
  | { readonly state: 'connecting' }
  | { readonly state: 'online'; readonly settings: Settings }
  /** `code` names what was refused; `pace` is slow when only a person can mend it. */
  | ({ readonly state: 'waiting'; readonly pace: 'soon' | 'slow'; readonly delayMs: number } & Omit<Ending, 'retryAfterMs'>)
  | { readonly state: 'stopped' };

export interface NodeLinkOptions
  extends
    Omit<HandshakeParts, 'intent' | 'tokenFirst' | 'keyRevoked' | 'key'>,
    Omit<SessionParts, 'enrolment' | 'settings' | 'nextBeat' | 'offerKey' | 'onKeyAccepted'> {
  readonly url: string;
  readonly transport: Transport;
  readonly facts: () => Facts;
  readonly onState: (state: LinkState) => void;
  /** The longest delay before what is retried soon, asked before each; without it a minute. */
  readonly longestDelayMs?: () => number;
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
  const keeper = new LinkKeeper(options);
  let running: Promise<void> = Promise.resolve();
  return {
    start() {
      running = keeper.keep();
    },
    async stop() {
      keeper.end();
      await running;
    },
    beatSoon: () => keeper.beatSoon(),
  };
}

class LinkKeeper {
  private readonly options: NodeLinkOptions;
  private stopped = false;
  private channel: Channel | null = null;
  private session: Session | null = null;
  private wake = (): void => {};
  private beats = 0;
  private failures = 0;
  private tokenFirst = false;
  private keyRevoked = false;
  /** The manager knows nothing of the next key: an offer got lost, or was made to a database that was restored since. */
  private nextKeyRefused = false;

  constructor(options: NodeLinkOptions) {
    this.options = options;
    options.spool.onAppended(() => this.session?.pumpEvents());
  }

  async keep(): Promise<void> {
    while (!this.stopped) {
      const ending = await this.connectSafely();
      if (this.stopped) break;
      this.failures += 1;
      if (ending.code !== null && ENROLMENT_VOID.has(ending.code)) this.tokenFirst = true;
      if (ending.code === 'node_revoked') this.keyRevoked = true;
      await this.waitAfter(ending);
    }
    this.options.onState({ state: 'stopped' });
  }

  end(): void {
    this.stopped = true;
    this.wake();
    this.channel?.close(1001, 'stopping');
  }

  beatSoon(): void {
    this.session?.beatSoon();
  }

  private async connectSafely(): Promise<Ending> {
    try {
      return await this.connect();
    } catch (error) {
      // A fault of our own (a key that cannot sign, a full disk at enrolment) costs this connection, never the agent.
      this.options.onFault(error);
      this.channel?.close(1000, 'internal_error');
      return { code: null, closeCode: 1006 };
    } finally {
      this.channel = null;
      this.session = null;
    }
  }

  private async connect(): Promise<Ending> {
    const { options } = this;
    options.onState({ state: 'connecting' });
    const channel = openChannel(options.transport, addressOf(options));
    this.channel = channel;
    const cancel = options.timers.after(HANDSHAKE_DEADLINE_MS, () => channel.close(1001, 'handshake_timeout'));
    const { identity } = options;
    const nextKey = this.nextKeyRefused ? null : identity.nextKey();
    const { tokenFirst, keyRevoked } = this;
    const parts = { ...options, intent: 'session', tokenFirst, keyRevoked, key: nextKey ?? identity.key() } as const;
    const hands = await shakeHands(channel, parts).finally(cancel);
    if (!hands.ok) return this.refused(hands.ending, nextKey !== null);
    this.tokenFirst = false;
    this.keyRevoked = false;
    // Before the first beat, with which the manager forgets the old key: whatever starts here next must find the new one.
    if (nextKey !== null && hands.key === nextKey) await identity.adoptNextKey();
    const { settings } = hands.authOk;
    this.session = runSession(channel, {
      ...options,
      enrolment: hands.enrolment,
      settings,
      nextBeat: () => ++this.beats,
      offerKey: async (commandId) => offerKey(await identity.prepareNextKey(), { identity, enrolment: hands.enrolment, commandId }),
      onKeyAccepted: (publicKey) => {
        if (publicKey === identity.nextKey()?.publicKey) this.nextKeyRefused = false;
      },
      onBeatAcknowledged: (uptimeSecs) => {
        // Not at auth_ok: a manager that accepts and then fails must not be hammered by its fleet.
        this.failures = 0;
        options.onBeatAcknowledged(uptimeSecs);
      },
    });
    options.onState({ state: 'online', settings });
    return this.session.ended;
  }

  /** A next key that is refused is no reason to wait: the other one is tried at once. */
  private refused(ending: Ending, withNextKey: boolean): Ending {
    if (!withNextKey || ending.code !== 'node_key_invalid') return ending;
    this.nextKeyRefused = true;
    return { code: null, closeCode: ending.closeCode };
  }

  private async waitAfter(ending: Ending): Promise<void> {
    const { timers, onState, longestDelayMs } = this.options;
    const pauseMs = delayMs(ending, this.failures, timers.random(), longestDelayMs?.());
    const { code, closeCode, cause } = ending;
    onState({ state: 'waiting', code, closeCode, ...(cause !== undefined && { cause }), pace: paceOf(ending), delayMs: pauseMs });
    await new Promise<void>((resolve) => {
      const cancel = timers.after(pauseMs, resolve);
      this.wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** A manager with more newcomers than it can look at lets nodes in trial in first: their time runs. */
function addressOf({ url, introduction }: NodeLinkOptions): string {
  if (!introduction().in_trial) return url;
  const address = new URL(url);
  address.searchParams.set(WIRE.trialParameter, '1');
  return address.href;
}
