import { Inject, Injectable } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import type { Health } from '@tidegate/contract-protocol';
import { BatchWriter, ChangeFeed, CLOCK, CONFIG, Database, type Clock, type ManagerConfig } from '../../platform/index.ts';
import { storeBeats, storeReports, type Beat } from '../persistence/beat-records.ts';
import type { NodeConnection } from './node-connection.ts';
import type { LiveSession } from './node-link.ts';

/** A report that says nothing new is kept this often: uptime and free disk grow old. */
const REPORT_EVERY_MS = 300_000;

/** Stores beats, many nodes' in one statement, and tells live pages only of those that say something new. */
@Injectable()
export class BeatWriter {
  private readonly writer: BatchWriter<Beat>;
  /** Beats of sessions that are no longer their nodes'. */
  private readonly late = new WeakSet<Beat>();
  private readonly reports: BatchWriter<Beat>;

  constructor(
    database: Database,
    private readonly changes: ChangeFeed,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {
    this.writer = new BatchWriter(async (beats) => {
      const stored = await database.read((em) => storeBeats(em, beats));
      for (const beat of beats) if (stored.get(beat.nodeId) !== beat.epoch) this.late.add(beat);
    });
    this.reports = new BatchWriter((beats) => database.read((em) => storeReports(em, beats)));
  }

  /** @throws CodedError session_superseded when the node has authenticated again meanwhile, here or at another replica */
  async store(connection: NodeConnection, session: LiveSession, health: Health): Promise<void> {
    const at = this.clock.now();
    const beat = { nodeId: session.nodeId, epoch: session.epoch, at, health };
    await this.writer.add(beat);
    if (this.late.has(beat)) throw new CodedError('session_superseded');
    const standing = standingOf(health);
    if (standing !== connection.lastStanding || at.getTime() - connection.lastReportAtMs >= REPORT_EVERY_MS) {
      await this.reports.add(beat);
      connection.lastReportAtMs = at.getTime();
    }
    const wasStale = at.getTime() - connection.lastBeatAtMs > this.config.stale_after_secs * 1000;
    if (wasStale || standing !== connection.lastStanding) this.changes.emit('node', session.nodeId);
    connection.lastStanding = standing;
    connection.lastBeatAtMs = at.getTime();
  }
}

/** Without what differs in every beat; the attempt is the upgrades' to tell. */
function standingOf(health: Health): string {
  const {
    software_version,
    committed_version,
    previous_version,
    checks,
    capabilities,
    guard_version,
    trust_fingerprint,
    highest_sequence,
  } = health;
  return JSON.stringify([
    software_version,
    committed_version,
    previous_version,
    checks,
    capabilities,
    guard_version,
    trust_fingerprint,
    highest_sequence,
  ]);
}
