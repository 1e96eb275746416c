import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import type { Health } from '@tidegate/contract-protocol';
import {
  BatchWriter,
  ChangeFeed,
  CLOCK,
  CONFIG,
  Database,
  Metrics,
  type Clock,
  type ManagerConfig,
  type Settled,
} from '../../platform/index.ts';
import { storeBeats, storeReports, touchBeats, type Beat } from '../persistence/beat-records.ts';
import { BeatTemplate } from './beat-template.ts';
import type { NodeConnection } from './node-connection.ts';
import type { LiveSession } from './node-link.ts';

/** A report that says nothing new is kept this often: uptime and free disk grow old. */
const REPORT_EVERY_MS = 300_000;

/** Numbers of a beat that pages show and lists filter by. */
const NEWS = ['highest_sequence', 'restarts'];

/** A beat on its way into the database. */
interface TakenBeat {
  readonly nodeId: string;
  readonly epoch: number;
  readonly at: Date;
  readonly connection: NodeConnection;
  /** Undefined when it repeats the node's last one. */
  readonly said: { readonly health: Health; readonly text: string; readonly standing: string } | undefined;
  /** Its session is no longer its node's. */
  late: boolean;
  /** Once: when it is stored, or with what kept it from being stored. */
  readonly settled: (error?: unknown) => void;
}

/**
 * Stores beats, many nodes' in one statement, and tells live pages only of those that say something new. There are hundreds
 * each second and most of them say what the last one said: hence callbacks rather than promises, and a beat without news is
 * not parsed and writes its time and nothing else.
 */
@Injectable()
export class BeatWriter {
  private readonly writer: BatchWriter<TakenBeat>;
  private stored = 0;

  constructor(
    private readonly database: Database,
    private readonly changes: ChangeFeed,
    metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {
    this.writer = new BatchWriter((beats) => this.store(beats));
    metrics.queue('beats', () => this.writer.depth);
    metrics.total('tidegate_beats_total', () => this.stored);
  }

  /**
   * @returns the number of the beat, when this text says what the node's last stored beat said and nothing has to be written
   *   but that it came; 0 for everything else, which has to be parsed in full.
   */
  repeats(connection: NodeConnection, text: string): number {
    const beat = connection.template?.fits(text) ?? 0;
    return beat > 0 && this.isDue(connection, this.clock.now().getTime()) ? 0 : beat;
  }

  /** A beat that repeats the last one. @param settled as of `take` */
  touch(connection: NodeConnection, session: LiveSession, settled: TakenBeat['settled']): void {
    this.put(connection, session, undefined, settled);
  }

  /**
   * @param text of the beat as it came
   * @param settled once; with session_superseded when the node has authenticated again meanwhile, here or at another replica
   */
  take(connection: NodeConnection, session: LiveSession, health: Health, text: string, settled: TakenBeat['settled']): void {
    this.put(connection, session, { health, text, standing: standingOf(health) }, settled);
  }

  private put(connection: NodeConnection, { nodeId, epoch }: LiveSession, said: TakenBeat['said'], settled: TakenBeat['settled']): void {
    this.writer.put({ nodeId, epoch, at: this.clock.now(), connection, said, late: false, settled }, settle);
  }

  idle(): Promise<void> {
    return this.writer.idle();
  }

  private async store(beats: readonly TakenBeat[]): Promise<void> {
    const quiet: TakenBeat[] = [];
    const news: (TakenBeat & Beat)[] = [];
    for (const beat of beats) {
      if (beat.said && this.isNews(beat.connection, beat.said.standing, beat.at))
        news.push(Object.assign(beat, { health: beat.said.health }));
      else quiet.push(beat);
    }
    if (quiet.length > 0) {
      const late = await this.database.read((em) => touchBeats(em, quiet, this.clock.now()));
      if (late.size > 0) for (const beat of quiet) beat.late = late.has(beat.nodeId);
    }
    if (news.length > 0) {
      const stored = await this.database.read((em) => storeBeats(em, news));
      for (const beat of news) beat.late = stored.get(beat.nodeId) !== beat.epoch;
      const current = news.filter((beat) => !beat.late);
      if (current.length > 0) await this.database.read((em) => storeReports(em, current));
      for (const beat of current) this.remember(beat);
    }
    for (const { late, connection, at, said } of beats) {
      if (late) continue;
      this.stored += 1;
      connection.lastBeatAtMs = at.getTime();
      // An attempt's numbers are its progress, and somebody waits for them.
      if (said) connection.template = said.health.attempt ? null : BeatTemplate.of(said.text, NEWS);
    }
  }

  private isNews(connection: NodeConnection, standing: string, at: Date): boolean {
    return standing !== connection.lastStanding || this.isDue(connection, at.getTime());
  }

  private isDue(connection: NodeConnection, nowMs: number): boolean {
    return nowMs - connection.lastReportAtMs >= REPORT_EVERY_MS || this.wasStale(connection, nowMs);
  }

  private wasStale(connection: NodeConnection, nowMs: number): boolean {
    return nowMs - connection.lastBeatAtMs > this.config.stale_after_secs * 1000;
  }

  private remember({ connection, said, at, nodeId }: TakenBeat): void {
    const standing = said?.standing ?? '';
    if (standing !== connection.lastStanding || this.wasStale(connection, at.getTime())) this.changes.emit('node', nodeId);
    connection.lastStanding = standing;
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
    health.manifest_sha256,
    health.restarts,
    health.checks,
    health.capabilities,
    health.guard_version,
    health.trust_fingerprint,
    health.highest_sequence,
  ];
  return hash('sha256', JSON.stringify(said), 'base64');
}
