import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { commandId, nodeId as asNodeId } from '@tidegate/contract-protocol';
import { NodeLink, type LiveSession } from '../nodes/index.ts';
import { BatchCall, Bus, ChangeFeed, CLOCK, Database, LOG, oneAtATime, Replica, type Clock, type Log } from '../platform/index.ts';
import { claimDue, nodesWaitingAt, nodesWithDue, type CommandRecord, type Due } from './persistence/command-records.ts';

/** How late a command may be whose notice was lost. */
const LOOK_EVERY_MS = 3000;
/** Nodes per transaction and turn of the loop; beyond it nobody else gets a word in. */
const MAX_NODES = 250;

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
      unsent: new BatchCall((sessions) => this.send(sessions, 'unsent'), MAX_NODES),
      unanswered: new BatchCall((sessions) => this.send(sessions, 'unanswered'), MAX_NODES),
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

  private async lookForUnsent(): Promise<void> {
    if (!this.database.ready || this.link.size === 0) return;
    await this.sendTo(await this.database.read((em) => nodesWaitingAt(em, this.replica.id, this.clock.now(), 10_000)));
  }

  private async sendTo(nodeIds: readonly string[]): Promise<void> {
    const sessions = nodeIds.flatMap((id) => this.link.sessionOf(id) ?? []);
    try {
      await Promise.all(sessions.map((session) => this.claims.unsent.ask(session)));
    } catch (error) {
      this.log.debug({ err: error }, 'commands put off');
    }
  }

  /** @returns for each session whether anything was sent to it. */
  private async send(sessions: readonly LiveSession[], due: Due): Promise<boolean[]> {
    const now = this.clock.now();
    const nodeIds = sessions.map((session) => session.nodeId);
    const waiting = await this.database.read((em) => nodesWithDue(em, nodeIds, due, now));
    if (waiting.size === 0) return sessions.map(() => false);
    const asked = sessions.filter((session) => waiting.has(session.nodeId));
    const commands = await this.database.transaction((em) => claimDue(em, asked, due, now));
    const byNode = new Map(asked.map((session) => [session.nodeId, session]));
    for (const command of commands) {
      const session = byNode.get(command.nodeId);
      if (session) this.link.send(session, messageOf(command, now));
    }
    const sent = new Set(commands.map((command) => command.nodeId));
    for (const id of sent) this.changes.emit('node', id);
    return sessions.map((session) => sent.has(session.nodeId));
  }
}

const messageOf = (command: CommandRecord, now: Date) =>
  ({
    type: 'command',
    id: commandId.parse(command.id),
    node_id: asNodeId.parse(command.nodeId),
    ttl_secs: Math.max(1, Math.floor((command.expiresAt.getTime() - now.getTime()) / 1000)),
    action: command.action,
  }) as const;
