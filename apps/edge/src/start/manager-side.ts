import type { EventSpool } from '@tidegate/adapter-slots-fs';
import type { Notifier } from '@tidegate/adapter-systemd';
import { createNodeLink, type LinkState, type NodeLinkOptions } from '@tidegate/engine-node-link';
import { AGENT_VERSION } from '../build-facts.ts';
import { uptimeSecs } from './host.ts';
import { log } from './log.ts';
import type { Witness } from './witness.ts';

/** How this node stands with its manager, as a person asks. */
export interface ManagerStanding {
  readonly state: 'none' | 'connecting' | 'online' | 'waiting';
  /** Why it waits: what was refused, or what the connection ended with. */
  readonly reason: string | null;
}

/** What the rest of the agent knows of a manager: nothing, where there is none. */
export interface ManagerSide {
  beatSoon(): void;
  standing(): ManagerStanding;
  /** Resolves when the first connection was authenticated or failed; at once where there is no manager. */
  readonly answered: Promise<void>;
  stop(): Promise<void>;
}

export interface Followers {
  readonly notifier: Notifier;
  readonly witness: Witness;
  readonly spool: EventSpool;
  readonly settings: { beatIntervalSecs: number };
}

export function followManager(options: Omit<NodeLinkOptions, 'onState' | 'spool'>, followers: Followers): ManagerSide {
  let standing: ManagerStanding = { state: 'connecting', reason: null };
  let tell = (): void => {};
  const answered = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const link = createNodeLink({
    ...options,
    spool: followers.spool,
    onState(state) {
      standing = standingOf(state);
      followLink(state, followers);
      if (standing.state !== 'connecting') tell();
    },
  });
  link.start();
  return { beatSoon: () => link.beatSoon(), standing: () => standing, answered, stop: () => link.stop() };
}

/**
 * A node without a manager proves itself by its own checks: what would be an acknowledged beat is the turn of its own loop.
 * The guard's probe of such a node succeeds at once, so a candidate that hangs is at fault and never held.
 */
export function standAlone({ notifier, witness, settings }: Omit<Followers, 'spool'>): ManagerSide {
  const beat = (): void => witness.beatAcknowledged(uptimeSecs());
  witness.authenticated();
  beat();
  const timer = setInterval(beat, settings.beatIntervalSecs * 1000);
  notifier.status(`${AGENT_VERSION}: local control only`);
  log('info', 'no manager is configured; this node is controlled locally');
  return {
    beatSoon: () => {},
    standing: () => ({ state: 'none', reason: null }),
    answered: Promise.resolve(),
    async stop() {
      clearInterval(timer);
    },
  };
}

function standingOf(state: LinkState): ManagerStanding {
  switch (state.state) {
    case 'online':
    case 'connecting':
      return { state: state.state, reason: null };
    case 'waiting':
      return { state: 'waiting', reason: state.code ?? state.cause ?? String(state.closeCode) };
    case 'stopped':
      return { state: 'waiting', reason: 'stopped' };
  }
}

function followLink(state: LinkState, { notifier, witness, spool, settings }: Followers): void {
  if (state.state === 'online') {
    settings.beatIntervalSecs = state.settings.beat_interval_secs;
    spool.setMaxEvents(state.settings.spool_max_events);
    log('info', 'authenticated', { beat_interval_secs: settings.beatIntervalSecs });
    notifier.status(`${AGENT_VERSION}: connected`);
    witness.authenticated();
  } else if (state.state === 'waiting') {
    const { code, closeCode, cause, pace, delayMs } = state;
    log(pace === 'slow' ? 'error' : 'warning', 'not connected', {
      code,
      close_code: closeCode,
      cause,
      pace,
      delay_ms: Math.round(delayMs),
    });
    notifier.status(`${AGENT_VERSION}: not connected (${code ?? cause ?? closeCode})`);
  }
}
