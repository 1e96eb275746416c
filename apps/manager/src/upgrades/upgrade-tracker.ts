import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { isErrorCode } from '@tidegate/contract-errors';
import type { CommandAck, Health } from '@tidegate/contract-protocol';
import type { EntityManager } from 'typeorm';
import { EventLog } from '../event-log/index.ts';
import { EventIngest, type ReceivedEvent } from '../events/index.ts';
import { NodeLink, type LiveSession } from '../nodes/index.ts';
import { ChangeFeed, CLOCK, Database, LOG, Metrics, oneAtATime, type Clock, type Log } from '../platform/index.ts';
import { committed, reportOfAck, reportOfBeat, reportOfEnded, reportOfEvent, upgradeIdOf } from './node-report.ts';
import { findCommand, settleCommand, settleCommandsOf, type SentCommand } from './persistence/command-records.ts';
import * as records from './persistence/upgrade-records.ts';
import { giveTimeBack, noteWatch } from './persistence/watch-records.ts';
import { advance, hasEnded, type UpgradeRecord, type UpgradeReport } from './upgrade-life.ts';

const SWEEP_EVERY_MS = 1000;
/** Shorter than this is a pause of a busy process, and no absence. */
const MIN_ABSENCE_MS = 10_000;
const LOOK_FOR_COMMITTED_EVERY_MS = 5000;
/** So long the event that ends an upgrade has the first word: it carries the reason in full. */
const EVENT_FIRST_MS = 30_000;
const AT_ONCE = 500;

interface Ending {
  readonly upgradeId: string;
  readonly seenAtMs: number;
  readonly report: UpgradeReport;
}

/** Keeps the rows of upgrades true: what nodes attest goes in, deadlines end. Any replica may, for any upgrade: the rows are locked. */
@Injectable()
export class UpgradeTracker implements OnModuleInit {
  /** Last thing each node's beat said of an attempt: most beats repeat it, and then nothing is read or written. */
  private readonly lastBeat = new Map<string, string>();
  /** By node: what beats said of its end, while its event may still come. Another replica hears it from the node again. */
  private readonly endings = new Map<string, Ending>();
  /** The last sweep of this replica went well. */
  private watching = false;
  private readonly ended;
  private readonly seconds;

  constructor(
    private readonly database: Database,
    private readonly link: NodeLink,
    private readonly ingest: EventIngest,
    private readonly changes: ChangeFeed,
    private readonly events: EventLog,
    metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.ended = metrics.counter('tidegate_upgrades_ended_total');
    this.seconds = metrics.histogram('tidegate_command_seconds');
  }

  onModuleInit(): void {
    this.ingest.project((em, events) => this.applyEvents(em, events));
    this.link.listen({
      beat: (session, health) => this.applyBeat(session, health),
      commandAck: (session, ack) => this.applyAck(session, ack),
    });
    const regularly = (everyMs: number, act: () => Promise<void>): void => {
      this.clock.every(
        everyMs,
        oneAtATime(() => act().catch((error: unknown) => this.log.debug({ err: error }, 'sweep put off'))),
      );
    };
    regularly(SWEEP_EVERY_MS, () => this.sweep());
    regularly(SWEEP_EVERY_MS, () => this.endAttested());
    regularly(LOOK_FOR_COMMITTED_EVERY_MS, () => this.endCommitted());
  }

  /**
   * Ends what is past its deadline: nobody reported on it, and a node that is gone must not hold it for ever. Deadlines count
   * while a manager is there to hear: after an absence of all of them, everything that runs gets that time back first.
   */
  async sweep(): Promise<void> {
    const wasWatching = this.watching;
    this.watching = false;
    if (!this.database.ready) return;
    const now = this.clock.now();
    const overdue = await this.database.transaction(async (em) => {
      const since = await noteWatch(em, now);
      const wasAbsent = !wasWatching && since !== null && now.getTime() - since.getTime() > MIN_ABSENCE_MS;
      if (wasAbsent) await giveTimeBack(em, since, now);
      const found = await records.lockOverdue(em, now);
      if (found.length === 0) return found;
      for (const upgrade of found) {
        const errorDetails = { last_state: upgrade.state };
        await this.apply(em, upgrade, { kind: 'ended', state: 'failed', errorCode: 'upgrade_timeout', errorDetails });
        const { nodeId, groupId, version, state: last_state } = upgrade;
        await this.events.record(em, {
          name: 'upgrade_unreported',
          nodeId,
          groupId,
          details: { upgrade_id: upgrade.id, version, last_state },
        });
      }
      await settleCommandsOf(em, idsOf(found), now);
      return found;
    });
    this.watching = true;
    for (const upgrade of overdue) this.changes.emit('node', upgrade.nodeId);
  }

  /** A node that runs and has committed what was asked for is done, though it lost the event, or the attempt itself. */
  private async endCommitted(): Promise<void> {
    if (!this.database.ready) return;
    const ended = await this.database.transaction(async (em) => {
      const found = await records.lockCommitted(em, AT_ONCE);
      for (const { record, manifestSha256 } of found) await this.apply(em, record, committed(manifestSha256));
      if (found.length > 0) await settleCommandsOf(em, idsOf(found.map(({ record }) => record)), this.clock.now());
      return found;
    });
    for (const { record } of ended) this.changes.emit('node', record.nodeId);
  }

  private async endAttested(): Promise<void> {
    const nowMs = this.clock.now().getTime();
    const due = [...this.endings].filter(([, ending]) => nowMs - ending.seenAtMs >= EVENT_FIRST_MS).slice(0, AT_ONCE);
    if (due.length === 0 || !this.database.ready) return;
    const changed = await this.database.transaction(async (em) => {
      const running = await records.lockRunning(
        em,
        due.map(([, ending]) => ending.upgradeId),
      );
      const byId = new Map(running.map((record) => [record.id, record]));
      // A node speaks for its own upgrades only, whatever id it names.
      const own = due.flatMap(([nodeId, { upgradeId, report }]) => {
        const record = byId.get(upgradeId);
        return record?.nodeId === nodeId ? [{ record, report }] : [];
      });
      for (const { record, report } of own) await this.apply(em, record, report);
      const done = own.map(({ record }) => record);
      if (done.length > 0) await settleCommandsOf(em, idsOf(done), this.clock.now());
      return done;
    });
    for (const [nodeId, ending] of due) if (this.endings.get(nodeId) === ending) this.endings.delete(nodeId);
    for (const record of changed) this.changes.emit('node', record.nodeId);
  }

  async apply(em: EntityManager, record: UpgradeRecord, report: UpgradeReport): Promise<UpgradeRecord> {
    const next = advance(record, report, this.clock.now());
    if (!next) return record;
    await records.saveUpgrade(em, next);
    if (hasEnded(next.state)) this.database.afterCommit(em, () => this.ended.inc({ outcome: next.state, code: codeOf(next) }));
    return next;
  }

  /** @returns nodes whose upgrades changed */
  private async applyEvents(em: EntityManager, events: readonly ReceivedEvent[]): Promise<ReadonlySet<string>> {
    const changed = new Set<string>();
    const reports = events.flatMap(({ nodeId, event }) => {
      const upgradeId = upgradeIdOf(event);
      const report = reportOfEvent(event);
      return upgradeId && report ? [{ nodeId, upgradeId, report }] : [];
    });
    if (reports.length === 0) return changed;
    const locked = await records.lockUpgrades(
      em,
      reports.map((entry) => entry.upgradeId),
    );
    const current = new Map(locked.map((record) => [record.id, record]));
    for (const { nodeId, upgradeId, report } of reports) {
      const record = current.get(upgradeId);
      // A node speaks for its own upgrades only, whatever id it names.
      if (!record || record.nodeId !== nodeId) continue;
      const next = await this.apply(em, record, report);
      if (next !== record) changed.add(nodeId);
      current.set(upgradeId, next);
      if (hasEnded(next.state)) await settleCommandsOf(em, [upgradeId], this.clock.now());
    }
    return changed;
  }

  private applyBeat(session: LiveSession, health: Health): Promise<void> | undefined {
    const { attempt } = health;
    const upgradeId = attempt?.command_id;
    if (!attempt || !upgradeId) return void this.lastBeat.delete(session.nodeId);
    const said = `${upgradeId} ${attempt.state} ${attempt.received_bytes ?? ''}`;
    const ended = reportOfEnded(attempt);
    if (ended && this.endings.get(session.nodeId)?.upgradeId !== upgradeId)
      this.endings.set(session.nodeId, { upgradeId, seenAtMs: this.clock.now().getTime(), report: ended });
    const report = reportOfBeat(attempt);
    if (!report || this.lastBeat.get(session.nodeId) === said) return undefined;
    return this.applyTo(session.nodeId, upgradeId, report).then(() => void this.lastBeat.set(session.nodeId, said));
  }

  private async applyAck(session: LiveSession, ack: CommandAck): Promise<void> {
    if (!ack.accepted) this.log.info({ command_id: ack.id, node_id: session.nodeId, code: ack.error_code }, 'a node refused a command');
    // All or nothing: an answer that is settled and then lost would leave its upgrade to the deadline.
    const changed = await this.database.transaction(async (em) => {
      const command = await findCommand(em, ack.id, session.nodeId);
      if (!command) return false;
      const now = this.clock.now();
      const [record] = await records.lockUpgrades(em, [command.upgradeId]);
      await settleCommand(em, command.id, now);
      if (command.settledAt === null) this.database.afterCommit(em, () => this.observe(command, now));
      // The answer to a cancel is the upgrade's own end, which comes as an event.
      if (!record || command.action.kind === 'cancel') return false;
      return (await this.apply(em, record, reportOfAck(ack))) !== record;
    });
    if (changed) this.changes.emit('node', session.nodeId);
  }

  /** Once per command: its answer may come twice. */
  private observe({ createdAt, sentAt }: SentCommand, now: Date): void {
    if (sentAt === null) return;
    const seconds = (from: Date, until: Date): number => Math.max(0, until.getTime() - from.getTime()) / 1000;
    this.seconds.observe({ part: 'waiting' }, seconds(createdAt, sentAt));
    this.seconds.observe({ part: 'answering' }, seconds(sentAt, now));
  }

  private async applyTo(nodeId: string, upgradeId: string, report: UpgradeReport): Promise<void> {
    const changed = await this.database.transaction(async (em) => {
      const [record] = await records.lockUpgrades(em, [upgradeId]);
      if (!record || record.nodeId !== nodeId) return false;
      return (await this.apply(em, record, report)) !== record;
    });
    if (changed) this.changes.emit('node', nodeId);
  }
}

/** Nodes name codes, and may name any. */
const codeOf = ({ errorCode }: UpgradeRecord): string => (errorCode === null ? 'none' : isErrorCode(errorCode) ? errorCode : 'other');

const idsOf = (upgrades: readonly UpgradeRecord[]): string[] => upgrades.map((upgrade) => upgrade.id);
