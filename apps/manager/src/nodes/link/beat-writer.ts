import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import type { Health } from '@tidegate/contract-protocol';
import { BatchWriter, ChangeFeed, CLOCK, CONFIG, Database, type Clock, type ManagerConfig, type Settled } from '../../platform/index.ts';
import { storeBeats, storeReports, touchBeats, type Beat } from '../persistence/beat-records.ts';
import type { NodeConnection } from './node-connection.ts';
import type { LiveSession } from './node-link.ts';
import { sameButNumbers } from './same-but-numbers.ts';

/** A report that says nothing new is kept this often: uptime and free disk grow old. */
const REPORT_EVERY_MS = 300_000;

/** What a node said, and where. */
export interface SaidBeat {
  readonly connection: NodeConnection;
  readonly session: LiveSession;
  readonly health: Health;
  /** As it came, when it was parsed in full; null when it repeats one that was. */
  readonly text: string | null;
}

interface TakenBeat extends Beat, SaidBeat {
  /** What it says beside numbers; undefined when it repeats the last one. */
  readonly standing: string | undefined;
  /** Its session is no longer its node's. */
  late: boolean;
  readonly settled: (error?: unknown) => void;
}

/**
 * Stores beats, many nodes' in one statement, and tells live pages only of those that say something new. There are hundreds
 * each second and most of them say what the last one said: hence callbacks rather than promises, and a beat without news is
 * not validated again and writes its time and nothing else.
 */
@Injectable()
export class BeatWriter {
  private readonly writer: BatchWriter<TakenBeat>;

  constructor(
    private readonly database: Database,
    private readonly changes: ChangeFeed,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {
    this.writer = new BatchWriter((beats) => this.store(beats));
  }

  /**
   * @returns the beat, when this text is the node's last stored beat but for numbers of no news, and nothing has to be written
   *   but that it came; null for everything else, which has to be parsed in full.
   */
  repeats(connection: NodeConnection, text: string): Health | null {
    if (!sameButNumbers(text, connection.lastBeat) || this.isDue(connection, this.clock.now().getTime())) return null;
    try {
      const health = JSON.parse(text) as Health;
      return health.highest_sequence === connection.lastSequence && health.beat > 0 ? health : null;
    } catch {
      // A number with a leading zero is no number.
      return null;
    }
  }

  /**
   * @param settled once, when it is stored or never will be: session_superseded when the node has authenticated again
   *   meanwhile, here or at another replica
   */
  take(said: SaidBeat, settled: TakenBeat['settled']): void {
    const { session, connection, health, text } = said;
    const { nodeId, epoch } = session;
    const standing = text === null ? undefined : standingOf(health);
    this.writer.put({ nodeId, epoch, at: this.clock.now(), health, connection, session, text, standing, late: false, settled }, settle);
  }

  idle(): Promise<void> {
    return this.writer.idle();
  }

  private async store(beats: readonly TakenBeat[]): Promise<void> {
    const quiet: TakenBeat[] = [];
    const news: TakenBeat[] = [];
    for (const beat of beats) (this.isNews(beat) ? news : quiet).push(beat);
    if (quiet.length > 0) {
      const late = await this.database.read((em) => touchBeats(em, quiet, this.clock.now()));
      for (const beat of quiet) if (late.size > 0) beat.late = late.has(beat.nodeId);
    }
    if (news.length > 0) {
      const stored = await this.database.read((em) => storeBeats(em, news));
      for (const beat of news) beat.late = stored.get(beat.nodeId) !== beat.epoch;
      const current = news.filter((beat) => !beat.late);
      if (current.length > 0) await this.database.read((em) => storeReports(em, current));
      for (const beat of current) this.remember(beat);
    }
    for (const { late, connection, at, text } of beats) {
      if (late) continue;
      connection.lastBeatAtMs = at.getTime();
      if (text !== null) connection.lastBeat = text;
    }
  }

  private isNews({ connection, standing, at }: TakenBeat): boolean {
    return (standing !== undefined && standing !== connection.lastStanding) || this.isDue(connection, at.getTime());
  }

  private isDue(connection: NodeConnection, nowMs: number): boolean {
    return nowMs - connection.lastReportAtMs >= REPORT_EVERY_MS || this.wasStale(connection, nowMs);
  }

  private wasStale(connection: NodeConnection, nowMs: number): boolean {
    return nowMs - connection.lastBeatAtMs > this.config.stale_after_secs * 1000;
  }

  private remember({ connection, standing, at, nodeId, health }: TakenBeat): void {
    const isNew = standing !== undefined && standing !== connection.lastStanding;
    if (isNew || this.wasStale(connection, at.getTime())) this.changes.emit('node', nodeId);
    if (standing !== undefined) connection.lastStanding = standing;
    connection.lastSequence = health.highest_sequence;
    connection.lastReportAtMs = at.getTime();
  }
}

const settle: Settled<TakenBeat> = ({ late, settled }, failure) => {
  if (failure) settled(failure.error);
  else settled(late ? new CodedError('session_superseded') : undefined);
};

/** Without what differs in every beat; the attempt is the upgrades' to tell. As a digest: ten thousand nodes keep one each. */
function standingOf(health: Health): string {
  const said = [
    health.software_version,
    health.committed_version,
    health.previous_version,
    health.checks,
    health.capabilities,
    health.guard_version,
    health.trust_fingerprint,
    health.highest_sequence,
  ];
  return hash('sha256', JSON.stringify(said), 'base64');
}
