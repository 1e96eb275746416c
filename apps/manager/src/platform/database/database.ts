import { Inject, Injectable } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import type { Pool as PgPool } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import type { Log } from '../log.ts';
import { LOG } from '../tokens.ts';
import { isConnectionLoss } from './connection-loss.ts';

/** Connections, and work that waits for one. */
export interface Pool {
  readonly busy: number;
  readonly idle: number;
  readonly waiting: number;
}

/** Every statement goes through here, so that a lost database looks the same everywhere: `database_unavailable`. */
@Injectable()
export class Database {
  private source: DataSource | undefined;
  private lossListener: () => void = () => {};
  private readonly commits = new WeakMap<EntityManager, (() => void)[]>();
  /** Statements may run: the schema is there. */
  open = false;
  /** And everything that has to be in the database before anybody is served is in it. */
  ready = false;

  constructor(@Inject(LOG) private readonly log: Log) {}

  attach(source: DataSource, onLoss: () => void): void {
    this.source = source;
    this.lossListener = onLoss;
  }

  /** Outside any transaction. @throws CodedError database_unavailable */
  read<T>(work: (em: EntityManager) => Promise<T>): Promise<T> {
    return this.guard((source) => work(source.manager));
  }

  /** All or nothing. @throws CodedError database_unavailable */
  async transaction<T>(work: (em: EntityManager) => Promise<T>): Promise<T> {
    const acts: (() => void)[] = [];
    const result = await this.guard((source) =>
      source.transaction((em) => {
        this.commits.set(em, acts);
        return work(em);
      }),
    );
    for (const act of acts) act();
    return result;
  }

  /** What must not happen, such as being counted, when the transaction of `em` is undone. */
  afterCommit(em: EntityManager, act: () => void): void {
    this.commits.get(em)?.push(act);
  }

  get pool(): Pool | null {
    // TypeORM does not tell of its driver's pool; node-postgres does.
    const { master } = (this.source?.driver ?? {}) as { master?: PgPool };
    return master ? { busy: master.totalCount - master.idleCount, idle: master.idleCount, waiting: master.waitingCount } : null;
  }

  private async guard<T>(work: (source: DataSource) => Promise<T>): Promise<T> {
    if (!this.open || !this.source) throw new CodedError('database_unavailable');
    try {
      return await work(this.source);
    } catch (error) {
      if (error instanceof CodedError || !isConnectionLoss(error)) throw error;
      this.log.warn({ error: (error as Error).name }, 'database connection lost');
      this.lossListener();
      throw new CodedError('database_unavailable', {}, { cause: error });
    }
  }
}
