import type { Command, CommandAck, CommandId, FromManager, FromNode, Health, KeyOffer, Settings } from '@tidegate/contract-protocol';
import type { Ending } from './backoff.ts';
import { endingOf, type Channel } from './channel.ts';
import { createEventPump } from './event-pump.ts';
import type { Enrolment } from './ports/identity.ts';
import type { Spool } from './ports/spool.ts';
import type { Timers } from './ports/timers.ts';

export type BeatBody = Omit<Health, 'type' | 'beat'>;

export interface SessionParts {
  readonly spool: Spool;
  readonly timers: Timers;
  readonly enrolment: Enrolment;
  readonly settings: Settings;
  /** Counts over all sessions of a run: the manager and the testimony tell beats apart by it. */
  readonly nextBeat: () => number;
  readonly beat: () => Promise<BeatBody>;
  /** Answers once the command is durable or refused; the same command again gets the same answer. */
  readonly handle: (command: Command) => Promise<CommandAck>;
  /** `uptimeSecs` is the boot-time clock at the moment the acknowledged beat was made. */
  readonly onBeatAcknowledged: (uptimeSecs: number) => void;
  readonly onFault: (error: unknown) => void;
  /** Makes the next key durable and says what offers it to the manager. */
  readonly offerKey: (commandId: CommandId) => Promise<KeyOffer>;
  /** The manager accepts the next key from now on: the session ends, so that the next one is opened with it. */
  readonly onKeyAccepted: (publicKey: string) => void;
}

export interface Session {
  /** Resolves when the connection has ended. */
  readonly ended: Promise<Ending>;
  /** A beat now rather than at the next interval: something worth showing has changed. */
  beatSoon(): void;
  pumpEvents(): void;
}

/** Beats spread over 90 to 110 % of the interval: a fleet that was started together does not stay in step. */
const JITTER = 0.1;
/** A peer that has said nothing for this many intervals is dead; every beat is acknowledged, so silence is no accident. */
const SILENT_INTERVALS = 3;
const SILENT_MIN_MS = 10_000;
/** Changes in quick succession share a beat. */
const SOON_MS = 100;

export function runSession(channel: Channel, parts: SessionParts): Session {
  const { timers, settings } = parts;
  const intervalMs = settings.beat_interval_secs * 1000;
  const sentBeats = new Map<number, number>();
  const fault = (error: unknown): void => {
    parts.onFault(error);
    channel.close(1000, 'internal_error');
  };
  const events = createEventPump(parts.spool, (event) => channel.send({ type: 'event', event }), fault);

  let over = false;
  let cancelBeat = (): void => {};
  let soon = false;
  const scheduleBeat = (delayMs: number): void => {
    cancelBeat();
    if (!over) cancelBeat = timers.after(delayMs, () => void beat().catch(fault));
  };
  const beat = async (): Promise<void> => {
    soon = false;
    scheduleBeat(intervalMs * (1 - JITTER + 2 * JITTER * timers.random()));
    const body = await parts.beat();
    if (over) return;
    const number = parts.nextBeat();
    // Unanswered beats of a slow manager must not pile up: the oldest are forgotten first.
    if (sentBeats.size >= 8) sentBeats.delete(Math.min(...sentBeats.keys()));
    sentBeats.set(number, body.uptime_secs);
    channel.send({ type: 'health', beat: number, ...body });
  };

  const stopListening = closeWhenSilent(channel, timers, Math.max(intervalMs * SILENT_INTERVALS, SILENT_MIN_MS));
  scheduleBeat(0);
  events.pump();

  const receive = createReceiver(channel, parts, {
    beatAcknowledged: (number) => {
      const uptimeSecs = sentBeats.get(number);
      if (uptimeSecs === undefined) return;
      for (const sent of sentBeats.keys()) if (sent <= number) sentBeats.delete(sent);
      parts.onBeatAcknowledged(uptimeSecs);
    },
    eventsAcknowledged: events.acknowledged,
    fault,
  });
  const ended = readAll(channel, receive).finally(() => {
    over = true;
    cancelBeat();
    stopListening();
    events.stop();
  });
  return {
    ended,
    beatSoon() {
      if (soon || over) return;
      soon = true;
      scheduleBeat(SOON_MS);
    },
    pumpEvents: events.pump,
  };
}

/** Returns what ends the watch. */
function closeWhenSilent(channel: Channel, timers: Timers, silentMs: number): () => void {
  let cancel = (): void => {};
  const heard = (): void => {
    cancel();
    cancel = timers.after(silentMs, () => channel.close(1001, 'silent'));
  };
  channel.onTraffic(heard);
  heard();
  return () => cancel();
}

async function readAll(
  channel: Channel,
  receive: (message: FromManager | { type: 'unknown_command'; id: CommandId }) => string | null,
): Promise<Ending> {
  for (;;) {
    const incoming = await channel.next();
    if (incoming.kind === 'closed') return endingOf(incoming.closed);
    const code = receive(incoming.kind === 'message' ? incoming.message : { type: 'unknown_command', id: incoming.id });
    if (code === null) continue;
    channel.close(1000, code);
    return { code, closeCode: 1000 };
  }
}

interface Receivers {
  readonly beatAcknowledged: (beat: number) => void;
  readonly eventsAcknowledged: (spoolId: string, seq: number) => void;
  readonly fault: (error: unknown) => void;
}

/** Returns a function that takes one message and answers the code that ends the session, or null to go on. */
function createReceiver(channel: Channel, parts: SessionParts, { beatAcknowledged, eventsAcknowledged, fault }: Receivers) {
  // One at a time and in order: a cancel must not overtake the command it cancels.
  let commands = Promise.resolve();
  const refuseCommand = (id: CommandId, code: 'command_unknown' | 'message_unexpected'): void =>
    channel.send({ type: 'command_ack', id, accepted: false, error_code: code, details: {} });

  const answerTo = async (command: Command): Promise<FromNode> =>
    command.action.kind === 'rotate_key' ? await parts.offerKey(command.id) : await parts.handle(command);

  return (message: FromManager | { type: 'unknown_command'; id: CommandId }): string | null => {
    switch (message.type) {
      case 'health_ack':
        beatAcknowledged(message.beat);
        return null;
      case 'event_ack':
        eventsAcknowledged(message.spool_id, message.seq);
        return null;
      case 'unknown_command':
        refuseCommand(message.id, 'command_unknown');
        return null;
      case 'command':
        // Meant for another node: a manager that mixes its nodes up must not move this one.
        if (message.node_id !== parts.enrolment.nodeId) refuseCommand(message.id, 'message_unexpected');
        else commands = commands.then(async () => channel.send(await answerTo(message))).catch(fault);
        return null;
      case 'key_accepted':
        parts.onKeyAccepted(message.public_key);
        channel.close(1000, 'key_accepted');
        return null;
      case 'auth_error':
        return message.code;
      case 'hello':
      case 'registered':
      case 'auth_ok':
        return 'message_unexpected';
    }
  };
}
