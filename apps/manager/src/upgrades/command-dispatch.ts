import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { NodeLink, type LiveSession } from '../nodes/index.ts';
import { BatchCall, Bus, ChangeFeed, CLOCK, Database, LOG, oneAtATime, Replica, type Clock, type Log } from '../platform/index.ts';
import { claimDue, nodesWaitingAt, nodesWithDue, type Due } from './persistence/command-records.ts';

/** How late a command may be whose notice was lost. */
const LOOK_EVERY_MS = 3000;
/** Nodes per transaction and turn of the loop; beyond it nobody else gets a word in. */
const MAX_NODES = 500;
const NOTHING: readonly string[] = [];

/**
 * Brings commands from their rows to the nodes that are connected here. Whoever makes a command calls `wake`, on whichever
 * replica: the row is the truth, a notice makes it fast, a slow look at the rows makes it certain. Nothing is lost when a
 * replica dies between the row and the socket, because a node that connects gets everything it has not answered; what it got
 * twice it knows by its id.
 */
@Injectable()
export class CommandDispatch implements OnModuleInit {
  private readonly claims: Readonly<Record<Due, BatchCall<LiveSession, readonly string[]>>>;
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
      unsent: new BatchCall((sessions) => this.claim(sessions, 'unsent'), MAX_NODES),
      unanswered: new BatchCall((sessions) => this.claim(sessions, 'unanswered'), MAX_NODES),
    };
    this.look = oneAtATime(() => this.lookForUnsent().catch((error: unknown) => this.log.debug({ err: error }, 'look put off')));
  }

  onModuleInit(): void {
    this.link.listen({ opened: async (session) => void (await this.send(session, 'unanswered')) });
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
    const sent = session !== undefined && (await this.send(session, 'unsent').catch(() => false));
    if (!sent) this.bus.publish('command', [nodeId]);
  }

  private async lookForUnsent(): Promise<void> {
    if (!this.database.ready || this.link.size === 0) return;
    await this.sendTo(await this.database.read((em) => nodesWaitingAt(em, this.replica.id, this.clock.now(), 10_000)));
  }

  private async sendTo(nodeIds: readonly string[]): Promise<void> {
    const sessions = nodeIds.flatMap((id) => this.link.sessionOf(id) ?? []);
    try {
      await Promise.all(sessions.map((session) => this.send(session, 'unsent')));
    } catch (error) {
      this.log.debug({ err: error }, 'commands put off');
    }
  }

  /** @returns whether anything was. The next batch is being claimed while this one leaves. */
  private async send(session: LiveSession, due: Due): Promise<boolean> {
    const messages = await this.claims[due].ask(session);
    for (const text of messages) this.link.sendText(session, text);
    return messages.length > 0;
  }

  private async claim(sessions: readonly LiveSession[], due: Due): Promise<(readonly string[])[]> {
    const now = this.clock.now();
    // Most nodes that come have nothing waiting for them, and then nothing is locked.
    const asked = due === 'unsent' ? sessions : await this.withSomething(sessions, now);
    if (asked.length === 0) return sessions.map(() => NOTHING);
    const byNode = new Map<string, string[]>();
    for (const { nodeId, text } of await this.database.read((em) => claimDue(em, asked, due, now))) {
      const texts = byNode.get(nodeId);
      if (texts) texts.push(text);
      else byNode.set(nodeId, [text]);
    }
    this.changes.emit('node', ...byNode.keys());
    // A session that stands twice in one batch gets its messages once.
    return sessions.map((session) => {
      const texts = byNode.get(session.nodeId);
      byNode.delete(session.nodeId);
      return texts ?? NOTHING;
    });
  }

  private async withSomething(sessions: readonly LiveSession[], now: Date): Promise<readonly LiveSession[]> {
    const nodeIds = sessions.map((session) => session.nodeId);
    const waiting = await this.database.read((em) => nodesWithDue(em, nodeIds, now));
    return sessions.filter((session) => waiting.has(session.nodeId));
  }
}
