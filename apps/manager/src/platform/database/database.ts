import { Inject, Injectable } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import type { DataSource, EntityManager } from 'typeorm';
import type { Log } from '../log.ts';
import { LOG } from '../tokens.ts';
import { isConnectionLoss } from './connection-loss.ts';

/** Every statement goes through here, so that a lost database looks the same everywhere: `database_unavailable`. */
@Injectable()
export class Database {
  private source: DataSource | undefined;
  private lossListener: () => void = () => {};
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
  transaction<T>(work: (em: EntityManager) => Promise<T>): Promise<T> {
    return this.guard((source) => source.transaction(work));
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
