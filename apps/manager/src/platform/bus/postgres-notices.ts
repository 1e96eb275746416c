import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import pg from 'pg';
import type { Clock } from '../clock.ts';
import { DatabaseLife } from '../database/database-life.ts';
import type { Log } from '../log.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { CLOCK, LOG } from '../tokens.ts';
import type { BusTransport } from './bus.ts';

const CHANNEL = 'tidegate';
const RETRY_EVERY_MS = 1000;
/** A connection that a firewall has dropped looks open for ever until something is asked of it. */
const PROBE_EVERY_MS = 10_000;
const ANSWER_WITHIN_MS = 5000;

/**
 * LISTEN/NOTIFY on a connection of its own: a pooled one would hear only while it is borrowed. It needs a session of the
 * server itself, not one of a pooler that shares sessions among transactions.
 */
@Injectable()
export class PostgresNotices implements BusTransport, OnModuleInit {
  private client: pg.Client | undefined;
  private connecting: Promise<void> | undefined;
  private stopped = false;
  private received: (payload: string) => void = () => {};
  private gap: () => void = () => {};

  constructor(
    private readonly life: DatabaseLife,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.life.onReady(() => this.connect());
    this.clock.every(RETRY_EVERY_MS, () => void this.connect());
    this.clock.every(
      PROBE_EVERY_MS,
      oneAtATime(() => this.probe()),
    );
  }

  open(received: (payload: string) => void, gap: () => void): void {
    this.received = received;
    this.gap = gap;
  }

  async send(payloads: readonly string[]): Promise<void> {
    if (!this.client) throw new Error('not connected');
    await this.client.query('SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS t(payload)', [CHANNEL, payloads]);
  }

  private connect(): Promise<void> {
    const { url } = this.life;
    if (this.client || this.stopped || !url) return Promise.resolve();
    return (this.connecting ??= this.listen(url).finally(() => (this.connecting = undefined)));
  }

  private async listen(url: string): Promise<void> {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'tidegate-manager bus',
      connectionTimeoutMillis: ANSWER_WITHIN_MS,
      query_timeout: ANSWER_WITHIN_MS,
      keepAlive: true,
    });
    const lost = (): void => {
      if (this.client === client) this.client = undefined;
    };
    client.on('error', lost).on('end', lost);
    client.on('notification', ({ payload }) => this.received(payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      this.log.debug({ err: error }, 'replicas are not heard yet');
      return void client.end().catch(() => {});
    }
    if (this.stopped) return client.end();
    this.client = client;
    this.gap();
  }

  private async probe(): Promise<void> {
    const client = this.client;
    try {
      await client?.query('SELECT 1');
    } catch {
      if (this.client === client) this.client = undefined;
      void client?.end().catch(() => {});
    }
  }

  async close(): Promise<void> {
    this.stopped = true;
    await this.connecting;
    const client = this.client;
    this.client = undefined;
    await client?.end().catch(() => {});
  }
}
