import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { startPostgres, type PostgresConnection, type RunningPostgres } from '@tidegate/adapter-postgres-embedded';
import { isCodedError } from '@tidegate/contract-errors';
import type { DataSource } from 'typeorm';
import type { Clock } from '../clock.ts';
import type { ManagerConfig } from '../config.ts';
import type { Log } from '../log.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { Notifier } from '../notifier.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { CLOCK, CONFIG, LOG, NOTIFIER } from '../tokens.ts';
import { createDataSource, migrate, PERSISTENCE, type Persistence } from './data-source.ts';
import { Database } from './database.ts';

/** Where the PostgreSQL that a manager starts by itself has its data. */
export const embeddedFolder = (dataDir: string): string => join(dataDir, 'postgres');
export const urlOf = ({ host, user, database }: PostgresConnection): string =>
  `postgresql://${user}@localhost/${database}?host=${encodeURIComponent(host)}`;

const RETRY_MS = 500;
const PROBE_EVERY_MS = 1000;

/**
 * Keeps a database under the manager. The process is up from the start and ready only while the database answers; it starts
 * the embedded PostgreSQL, starts it again when it dies, and reconnects, for as long as it runs.
 */
@Injectable()
export class DatabaseLife {
  private postgres: RunningPostgres | undefined;
  private source: DataSource | undefined;
  /** Where the database is, once one has answered. */
  url: string | undefined;
  private stopping = false;
  private working: Promise<void> | undefined;
  private stopProbe: () => void = () => {};
  private readonly whenReady: (() => Promise<void>)[] = [];

  constructor(
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
    @Inject(NOTIFIER) private readonly notifier: Notifier,
    @Inject(PERSISTENCE) private readonly persistence: readonly Persistence[],
    private readonly database: Database,
    metrics: Metrics,
  ) {
    metrics.read('tidegate_database_ready', () => Number(database.ready));
    metrics.read('tidegate_database_pool', () =>
      Object.entries(database.pool ?? {}).map(([state, value]) => ({ labels: { state }, value: value as number })),
    );
  }

  /** Runs each time the database has come (back), before the manager calls itself ready. */
  onReady(act: () => Promise<void>): void {
    this.whenReady.push(act);
  }

  start(): void {
    this.stopProbe = this.clock.every(
      PROBE_EVERY_MS,
      oneAtATime(() => this.probe()),
    );
    this.bringUp();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.stopProbe();
    await this.working;
    this.close();
    await this.source?.destroy().catch(() => {});
    await this.postgres?.stop();
  }

  private close(): void {
    this.database.ready = false;
    this.database.open = false;
  }

  private bringUp(): void {
    this.working ??= this.untilReady().finally(() => (this.working = undefined));
  }

  private async untilReady(): Promise<void> {
    this.close();
    while (!this.stopping) {
      try {
        await this.connect();
        return;
      } catch (error) {
        this.close();
        const code = isCodedError(error) ? error.code : 'database_unavailable';
        this.log.warn({ code, err: error, ...(isCodedError(error) && { details: error.details }) }, 'database not ready');
        this.notifier.status(`waiting for the database (${code})`);
        await new Promise<void>((settle) => setTimeout(settle, RETRY_MS));
      }
    }
  }

  private async connect(): Promise<void> {
    const url = this.config.database_url ?? (await this.embeddedUrl());
    if (!this.source?.isInitialized) this.source = await createDataSource(url, this.persistence, this.log).initialize();
    await migrate(this.source);
    this.url = url;
    this.database.attach(this.source, () => void this.probe());
    this.database.open = true;
    for (const act of this.whenReady) await act();
    this.database.ready = true;
    this.log.info('database ready');
    this.notifier.ready();
    this.notifier.status('ready');
  }

  private async embeddedUrl(): Promise<string> {
    if (!this.postgres) {
      const lines = this.log.child({ part: 'postgres' });
      this.postgres = await startPostgres({ dataDir: embeddedFolder(this.config.data_dir), log: (line) => lines.info(line) });
      void this.postgres.exited.then((exit) => {
        this.postgres = undefined;
        if (this.stopping) return;
        this.log.error({ code: 'database_unavailable', exit }, 'the embedded PostgreSQL ended; starting it again');
        this.notifier.status('the embedded PostgreSQL ended; starting it again');
        this.bringUp();
      });
    }
    return urlOf(this.postgres.connection);
  }

  /** A database that went away without an exit we saw (network, somebody else's server) shows here. */
  private async probe(): Promise<void> {
    if (this.stopping || this.working) return;
    try {
      await this.source?.query('SELECT 1');
    } catch {
      this.bringUp();
    }
  }
}
