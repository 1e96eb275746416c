import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { OpenStream, StreamMessage } from '@tidegate/contract-api';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import { may, reach, type Principal } from '@tidegate/domain-access';
import type { Response } from 'express';
import { Callers, type Credential, type SignedIn } from '../auth/index.ts';
import { EventTail, viewOfEvent, type StoredEvent } from '../event-log/index.ts';
import {
  BatchWriter,
  ChangeFeed,
  CLOCK,
  CONFIG,
  Database,
  LOG,
  Metrics,
  oneAtATime,
  type Clock,
  type Log,
  type ManagerConfig,
} from '../platform/index.ts';
import { Fleet } from './fleet.ts';
import { selectFallenSilent } from './persistence/node-list.ts';

const SILENCE_EVERY_MS = 1000;
const KEEP_ALIVE_MS = 15_000;
const RECHECK_SESSION_MS = 60_000;
/** A page that does not read is dropped; it reconnects and loads anew. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

interface Viewer {
  principal: Principal;
  readonly credential: Credential;
  readonly credentialId: string;
  readonly response: Response;
  readonly filter: OpenStream;
}

/** Tells open pages what changed. Each change is read once and sent to everybody who may see it. */
@Injectable()
export class LiveStream implements OnModuleInit, BeforeApplicationShutdown {
  private readonly viewers = new Set<Viewer>();
  private readonly changed: BatchWriter<string>;
  private silenceSeenUntil: Date;

  constructor(
    private readonly fleet: Fleet,
    private readonly database: Database,
    private readonly changes: ChangeFeed,
    private readonly callers: Callers,
    private readonly tail: EventTail,
    metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {
    this.silenceSeenUntil = clock.now();
    this.changed = new BatchWriter((ids) => this.publishNodes(ids), 500);
    metrics.queue('live', () => this.changed.depth);
    metrics.read('tidegate_streams', () => this.viewers.size);
  }

  onModuleInit(): void {
    this.changes.on('node', (id) => this.nodeChanged(id));
    this.tail.follow({
      wanted: () => this.viewers.size > 0,
      told: (events) => events.forEach((event) => this.publishEvent(event)),
      lost: () => this.reload(),
    });
    this.changes.on('gap', () => this.reload());
    this.changes.on('access', (userId) => void this.recheck((principal) => userId === null || principal.userId === userId));
    this.clock.every(
      SILENCE_EVERY_MS,
      oneAtATime(() => this.lookForSilence().catch(() => {})),
    );
    this.clock.every(KEEP_ALIVE_MS, () => this.write(':\n\n', () => true));
    this.clock.every(
      RECHECK_SESSION_MS,
      oneAtATime(() => this.recheck(() => true)),
    );
  }

  /** @throws CodedError stream_limit_reached */
  open({ principal, credential, credentialId }: SignedIn, filter: OpenStream, response: Response): void {
    const limit = this.config.limits.streams_per_session;
    const own = [...this.viewers].filter((viewer) => viewer.credentialId === credentialId).length;
    if (own >= limit) throw new CodedError('stream_limit_reached', { limit });
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    response.write(':\n\n');
    const viewer = { principal, credential, credentialId, filter, response };
    this.viewers.add(viewer);
    response.once('close', () => this.viewers.delete(viewer));
  }

  private nodeChanged(id: string): void {
    if (this.viewers.size === 0) return;
    this.changed.add(id).catch((error: unknown) => this.log.debug({ err: error }, 'live update lost; pages load anew'));
  }

  /** What was missed cannot be told: a page whose stream ends connects again and loads everything. */
  private reload(): void {
    for (const viewer of this.viewers) viewer.response.end();
  }

  private async publishNodes(ids: readonly string[]): Promise<void> {
    for (const { view, groupId } of await this.fleet.byId([...new Set(ids)])) {
      this.publish(
        view.removed_at === null ? { type: 'node', node: view } : { type: 'node_removed', node_id: view.id },
        ({ principal, filter }) =>
          filter.topic !== 'events' && (filter.node_id ?? view.id) === view.id && may(principal, 'node.read', { groupId, nodeId: view.id }),
      );
    }
  }

  private publishEvent(event: StoredEvent): void {
    this.publish(
      { type: 'event', event: viewOfEvent(event) },
      ({ principal, filter }) => admits(filter, event) && maySee(principal, event),
    );
  }

  private publish(message: StreamMessage, visible: (viewer: Viewer) => boolean): void {
    this.write(`data: ${JSON.stringify(message)}\n\n`, visible);
  }

  private write(chunk: string, visible: (viewer: Viewer) => boolean): void {
    for (const viewer of this.viewers) {
      if (!visible(viewer)) continue;
      if (viewer.response.writableLength > MAX_BUFFERED_BYTES) viewer.response.destroy();
      else viewer.response.write(chunk);
    }
  }

  /** Silence arrives with nobody: the clock has to bring it. */
  private async lookForSilence(): Promise<void> {
    if (this.viewers.size === 0 || !this.database.ready) return void (this.silenceSeenUntil = this.clock.now());
    const from = this.silenceSeenUntil.getTime();
    const until = this.clock.now().getTime();
    const { staleAfterMs, offlineAfterMs } = this.fleet.limits;
    const windows = [staleAfterMs, offlineAfterMs].map((limit) => ({ after: new Date(from - limit), until: new Date(until - limit) }));
    const silent = await this.database.read((em) => selectFallenSilent(em, windows));
    this.silenceSeenUntil = new Date(until);
    for (const id of silent) this.nodeChanged(id);
  }

  /** Whoever was signed out or lost a role since must not go on watching; a database that is away decides nothing. */
  private async recheck(concerns: (principal: Principal) => boolean): Promise<void> {
    for (const viewer of [...this.viewers].filter(({ principal }) => concerns(principal))) {
      try {
        const { principal } = await this.callers.recheck(viewer.credential);
        viewer.principal = principal;
        if (!may(principal, 'node.read')) viewer.response.end();
      } catch (error) {
        if (!isCodedError(error) || error.code !== 'database_unavailable') viewer.response.end();
      }
    }
  }

  beforeApplicationShutdown(): void {
    for (const viewer of this.viewers) viewer.response.end();
  }
}

const GRAVITY = ['info', 'warning', 'critical'];

function admits(filter: OpenStream, event: StoredEvent): boolean {
  if (filter.topic === 'nodes') return false;
  if (filter.node_id !== undefined && filter.node_id !== event.nodeId) return false;
  if (filter.category !== undefined && filter.category !== event.category) return false;
  return filter.severity === undefined || GRAVITY.indexOf(event.severity) >= GRAVITY.indexOf(filter.severity);
}

/** What belongs to no group concerns the installation. */
function maySee(principal: Principal, { groupId, nodeId }: StoredEvent): boolean {
  if (groupId === null) return reach(principal, 'event.read') === null;
  return may(principal, 'event.read', { groupId, ...(nodeId !== null && { nodeId }) });
}
