import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { CommandAck, Health } from '@tidegate/contract-protocol';
import type { EntityManager } from 'typeorm';
import { EventIngest, type ReceivedEvent } from '../events/index.ts';
import { NodeLink, type LiveSession } from '../nodes/index.ts';
import { ChangeFeed, CLOCK, Database, LOG, oneAtATime, type Clock, type Log } from '../platform/index.ts';
import { reportOfAck, reportOfBeat, reportOfEvent, upgradeIdOf } from './node-report.ts';
import { findCommand, settleCommand, settleCommandsOf } from './persistence/command-records.ts';
import * as records from './persistence/upgrade-records.ts';
import { advance, hasEnded, type UpgradeRecord, type UpgradeReport } from './upgrade-life.ts';

const SWEEP_EVERY_MS = 1000;

/** Keeps the rows of upgrades true: what nodes attest goes in, deadlines end. Any replica may, for any upgrade: the rows are locked. */
@Injectable()
export class UpgradeTracker implements OnModuleInit {
  /** Last thing each node's beat said of an attempt: most beats repeat it, and then nothing is read or written. */
  private readonly lastBeat = new Map<string, string>();

  constructor(
    private readonly database: Database,
    private readonly link: NodeLink,
    private readonly ingest: EventIngest,
    private readonly changes: ChangeFeed,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.ingest.project((em, events) => this.applyEvents(em, events));
    this.link.listen({
      beat: (session, health) => this.applyBeat(session, health),
      commandAck: (session, ack) => this.applyAck(session, ack),
    });
    this.clock.every(
      SWEEP_EVERY_MS,
      oneAtATime(() =>
        this.sweep().then(
          () => {},
          (error: unknown) => this.log.debug({ err: error }, 'sweep put off'),
        ),
      ),
    );
  }

  /** Ends what is past its deadline: nobody reported on it, and a node that is gone must not hold it for ever. */
  async sweep(): Promise<void> {
    if (!this.database.ready) return;
    const now = this.clock.now();
    const overdue = await this.database.transaction(async (em) => {
      const found = await records.lockOverdue(em, now);
      if (found.length === 0) return found;
      for (const upgrade of found) {
        const errorDetails = { last_state: upgrade.state };
        await this.apply(em, upgrade, { kind: 'ended', state: 'failed', errorCode: 'upgrade_timeout', errorDetails });
      }
      await settleCommandsOf(
        em,
        found.map((upgrade) => upgrade.id),
        now,
      );
      return found;
    });
    for (const upgrade of overdue) this.changes.emit('node', upgrade.nodeId);
  }

  async apply(em: EntityManager, record: UpgradeRecord, report: UpgradeReport): Promise<UpgradeRecord> {
    const next = advance(record, report, this.clock.now());
    if (!next) return record;
    await records.saveUpgrade(em, next);
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
    const report = reportOfBeat(attempt);
    if (!report || this.lastBeat.get(session.nodeId) === said) return undefined;
    return this.applyTo(session.nodeId, upgradeId, report).then(() => void this.lastBeat.set(session.nodeId, said));
  }

  private async applyAck(session: LiveSession, ack: CommandAck): Promise<void> {
    // All or nothing: an answer that is settled and then lost would leave its upgrade to the deadline.
    const changed = await this.database.transaction(async (em) => {
      const command = await findCommand(em, ack.id, session.nodeId);
      if (!command) return false;
      const [record] = await records.lockUpgrades(em, [command.upgradeId]);
      await settleCommand(em, command.id, this.clock.now());
      // The answer to a cancel is the upgrade's own end, which comes as an event.
      if (!record || command.action.kind === 'cancel') return false;
      return (await this.apply(em, record, reportOfAck(ack))) !== record;
    });
    if (changed) this.changes.emit('node', session.nodeId);
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
