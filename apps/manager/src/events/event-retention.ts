import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { dropPartition, expiredPartitions, makePartition, missingMonths, removeExpiredStrays } from '../event-log/index.ts';
import { CLOCK, CONFIG, Database, DatabaseLife, LOG, oneAtATime, type Clock, type Log, type ManagerConfig } from '../platform/index.ts';

const EVERY_MS = 3_600_000;

/**
 * A partition of events per month: made ahead of time, dropped as a whole when its last day is older than the retention. Every replica
 * tries; a lock in the database lets one of them.
 */
@Injectable()
export class EventRetention implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly life: DatabaseLife,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    // Before anybody is served: a table with this month's partition needs no move afterwards.
    this.life.onReady(() => this.makePartitions());
    this.clock.every(
      EVERY_MS,
      oneAtATime(() => this.turn()),
    );
  }

  private async turn(): Promise<void> {
    if (!this.database.ready) return;
    await this.makePartitions();
    await this.removeExpired();
  }

  /** Without its own partition a month lies in the default one; nothing is lost by that, so it never keeps the manager from serving. */
  private async makePartitions(): Promise<void> {
    await this.attempt('partition of events not made; the next turn tries again', async () => {
      for (const month of await this.database.read((em) => missingMonths(em, this.clock.now())))
        await this.database.transaction((em) => makePartition(em, month));
    });
  }

  private async removeExpired(): Promise<void> {
    const days = this.config.retention.events_days;
    await this.attempt('expired events not removed; the next turn tries again', async () => {
      const now = this.clock.now();
      for (const name of await this.database.read((em) => expiredPartitions(em, now, days)))
        if (await this.database.transaction((em) => dropPartition(em, name))) this.log.info({ partition: name }, 'expired events removed');
      await this.database.read((em) => removeExpiredStrays(em, now, days));
    });
  }

  private async attempt(failure: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.log.warn({ err: error }, failure);
    }
  }
}
