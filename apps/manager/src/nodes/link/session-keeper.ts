import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CLOSE } from '@tidegate/contract-protocol';
import { EventLog } from '../../event-log/index.ts';
import {
  BatchWriter,
  Bus,
  ChangeFeed,
  CLOCK,
  CONFIG,
  Database,
  LOG,
  Metrics,
  oneAtATime,
  Replica,
  Replicas,
  type Clock,
  type Log,
  type ManagerConfig,
} from '../../platform/index.ts';
import {
  closeNodeSessions,
  closeSessionsOf,
  closeUnownedSessions,
  reclaimSessions,
  type EndedSession,
} from '../persistence/node-records.ts';
import { NodeLink, sessionNotice, type LiveSession } from './node-link.ts';

/** The rows are right without it as long as everybody says goodbye and hears everything. */
const COMPARE_EVERY_MS = 60_000;

/** Keeps the rows of sessions and the sockets of this replica true to each other, whatever other replicas did or missed. */
@Injectable()
export class SessionKeeper implements OnModuleInit {
  private readonly goodbyes: BatchWriter<EndedSession>;
  private readonly comparing: () => void;

  constructor(
    private readonly database: Database,
    private readonly link: NodeLink,
    private readonly events: EventLog,
    private readonly bus: Bus,
    private readonly changes: ChangeFeed,
    private readonly replica: Replica,
    private readonly replicas: Replicas,
    metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.goodbyes = new BatchWriter((ended) => database.read((em) => closeNodeSessions(em, ended)));
    metrics.queue('goodbyes', () => this.goodbyes.depth);
    this.comparing = oneAtATime(() => this.compare().catch((error: unknown) => this.log.debug({ err: error }, 'sessions not compared')));
  }

  onModuleInit(): void {
    this.bus.listen('session', (notices) => {
      if (notices) for (const { nodeId, epoch } of notices.map(sessionNotice.read)) this.supersede(nodeId, epoch);
      else this.comparing();
    });
    this.replicas.onDeath(async (em, dead) => {
      const nodeIds = await closeSessionsOf(
        em,
        dead.map((replica) => replica.id),
        this.clock.now(),
      );
      for (const { id, address } of dead) {
        await this.events.record(em, { name: 'replica_lost', details: { replica_id: id, address, nodes: nodeIds.length } });
      }
      return () => this.tellOf(nodeIds);
    });
    this.replicas.onRevival(() => this.compare());
    this.clock.every(COMPARE_EVERY_MS, this.comparing);
  }

  /** The socket of this session is gone. */
  async close(session: LiveSession): Promise<void> {
    await this.goodbyes.add({ nodeId: session.nodeId, epoch: session.epoch, at: this.clock.now() });
    this.changes.emit('node', session.nodeId);
  }

  private supersede(nodeId: string, epoch: number): void {
    this.link.olderThan(nodeId, epoch)?.close(CLOSE.superseded, 'session_superseded');
  }

  private tellOf(nodeIds: readonly string[]): void {
    for (const id of nodeIds) this.changes.emit('node', id);
  }

  private async compare(): Promise<void> {
    if (!this.database.open) return;
    const held = this.link.sessions;
    const newer = await this.database.read((em) => reclaimSessions(em, held, this.replica.id));
    for (const { nodeId, epoch } of newer) this.supersede(nodeId, epoch);
    // A socket that went meanwhile may have said its goodbye just before the claim, which undid it.
    const gone = held.filter((session) => !this.link.holds(session));
    if (gone.length > 0) await Promise.all(gone.map((session) => this.close(session)));
    const now = this.clock.now();
    const heardSince = new Date(now.getTime() - this.config.offline_after_secs * 1000);
    this.tellOf(await this.database.read((em) => closeUnownedSessions(em, heardSince, now)));
  }
}
