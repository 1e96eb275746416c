import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { NodeLink, type LiveSession } from '../nodes/index.ts';
import { BatchCall, Bus, ChangeFeed, CLOCK, Database, LOG, oneAtATime, Replica, type Clock, type Log } from '../platform/index.ts';
import { claimDue, nodesWaitingAt, nodesWithDue, type Due, type DueMessage } from './persistence/command-records.ts';

/** How late a command may be whose notice was lost. */
const LOOK_EVERY_MS = 3000;
/** Nodes per transaction and turn of the loop; beyond it nobody else gets a word in. */
const MAX_NODES = 250;
/** Nodes that come in a storm are looked up so much later; a wait that nobody notices who was away. */
const GATHER_MS = 50;

/** A command that its row says was sent, on its way. */
export interface Outgoing {
  readonly session: LiveSession;
  readonly text: string;
}

/**
 * Brings commands from their rows to the nodes that are connected here. Whoever makes a command calls `wake`, on whichever
 * replica: the row is the truth, a notice makes it fast, a slow look at the rows makes it certain. Nothing is lost when a
 * replica dies between the row and the socket, because a node that connects gets everything it has not answered; what it got
 * twice it knows by its id.
 */
@Injectable()
export class CommandDispatch implements OnModuleInit {
  private readonly claims: Readonly<Record<Due, BatchCall<LiveSession, boolean>>>;
  private readonly look: () => void;

  constructor(
    private readonly database: Database,
    private readonly link: NodeLink,
    private readonly bus: Bus,
    private readonly changes: ChangeFeed,
    private readonly replica: Replica,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.claims = {
      unsent: new BatchCall(async (sessions) => this.send(sessions, await this.claim(sessions, 'unsent')), MAX_NODES),
      unanswered: new BatchCall(async (sessions) => this.send(sessions, await this.claim(sessions, 'unanswered')), MAX_NODES, GATHER_MS),
    };
    this.look = oneAtATime(() => this.lookForUnsent().catch((error: unknown) => this.log.debug({ err: error }, 'look put off')));
  }

  onModuleInit(): void {
    this.link.listen({ opened: async (session) => void (await this.claims.unanswered.ask(session)) });
    this.bus.listen('command', (nodeIds, from) => {
      if (from === 'here') return;
      if (nodeIds) void this.sendTo(nodeIds);
      else this.look();
    });
    this.clock.every(LOOK_EVERY_MS, this.look);
  }

  /** Something was stored for this node. Sent before this settles when the node is connected here. */
  async wake(nodeId: string): Promise<void> {
    const session = this.link.sessionOf(nodeId);
    // What was stored stays stored: when it cannot be sent now, the next look sends it.
    const sent = session !== undefined && (await this.claims.unsent.ask(session).catch(() => false));
    if (!sent) this.bus.publish('command', [nodeId]);
  }

  /**
   * Commands of many nodes that have just been stored.
   * @param messages marked as sent to nodes that are connected here: one whose socket went meanwhile gets it when it is back
   * @param elsewhere nodes of other replicas, which claim their rows themselves
   */
  async sendOff(messages: readonly Outgoing[], elsewhere: readonly string[]): Promise<void> {
    this.bus.publish('command', elsewhere);
    for (let from = 0; from < messages.length; from += MAX_NODES) {
      if (from > 0) await nextTurn();
      for (const { session, text } of messages.slice(from, from + MAX_NODES)) this.put(session, text);
    }
  }

  private put(session: LiveSession, text: string): void {
    this.link.sendText(session, text);
    // Of ten thousand at once nobody pays for words that are not written.
    if (!this.log.isLevelEnabled('debug')) return;
    const { id } = JSON.parse(text) as { id: string };
    this.log.debug({ command_id: id, node_id: session.nodeId, epoch: session.epoch }, 'command sent');
  }

  private async lookForUnsent(): Promise<void> {
    if (!this.database.ready || this.link.size === 0) return;
    await this.sendTo(await this.database.read((em) => nodesWaitingAt(em, this.replica.id, this.clock.now(), 10_000)));
  }

  /** The next ones are being claimed while these leave: the database and the sockets work at the same time. */
  private async sendTo(nodeIds: readonly string[]): Promise<void> {
    const sessions = nodeIds.flatMap((id) => this.link.sessionOf(id) ?? []);
    try {
      let claimed = this.claim(sessions.slice(0, MAX_NODES), 'unsent');
      for (let from = 0; from < sessions.length; from += MAX_NODES) {
        const messages = await claimed;
        const next = sessions.slice(from + MAX_NODES, from + 2 * MAX_NODES);
        claimed = this.claim(next, 'unsent');
        // Nobody waits for it while these are sent.
        claimed.catch(() => {});
        this.send(sessions.slice(from, from + MAX_NODES), messages);
        // The loop turns between two batches, whatever the database does.
        await nextTurn();
      }
      await claimed;
    } catch (error) {
      this.log.debug({ err: error }, 'commands put off');
    }
  }

  private async claim(sessions: readonly LiveSession[], due: Due): Promise<readonly DueMessage[]> {
    const now = this.clock.now();
    // Most nodes that come have nothing waiting for them, and then nothing is locked.
    const asked = due === 'unsent' ? sessions : await this.withSomething(sessions, now);
    return asked.length === 0 ? [] : await this.database.read((em) => claimDue(em, asked, due, now));
  }

  /** @returns for each session whether anything was sent to it. */
  private send(sessions: readonly LiveSession[], messages: readonly DueMessage[]): boolean[] {
    const byNode = new Map(sessions.map((session) => [session.nodeId, session]));
    const sent = new Set<string>();
    for (const { nodeId, text } of messages) {
      const session = byNode.get(nodeId);
      if (session) this.put(session, text);
      sent.add(nodeId);
    }
    if (sent.size > 0) this.changes.emit('node', ...sent);
    return sessions.map((session) => sent.has(session.nodeId));
  }

  private async withSomething(sessions: readonly LiveSession[], now: Date): Promise<readonly LiveSession[]> {
    const nodeIds = sessions.map((session) => session.nodeId);
    const waiting = await this.database.read((em) => nodesWithDue(em, nodeIds, now));
    return sessions.filter((session) => waiting.has(session.nodeId));
  }
}

const nextTurn = (): Promise<void> => new Promise((settle) => setImmediate(settle));
