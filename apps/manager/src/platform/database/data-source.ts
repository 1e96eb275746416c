import pg from 'pg';
import { DataSource, type EntityTarget, type MigrationInterface, type ObjectLiteral, type QueryRunner } from 'typeorm';
import type { Log } from '../log.ts';

/** A column whose values are sealed (platform/secrets), so that a change of the key finds them. */
export interface SealedColumn {
  readonly table: string;
  /** The column that tells rows apart. */
  readonly id: string;
  readonly column: string;
}

/** What a feature's persistence/ folder contributes; entities are known to that folder and to TypeORM only. */
export interface Persistence {
  readonly entities: readonly EntityTarget<ObjectLiteral>[];
  readonly migrations: readonly (new () => MigrationInterface)[];
  readonly sealed?: readonly SealedColumn[];
}
export const PERSISTENCE = Symbol('persistence');

/** Any number; the same in every replica and every version. */
const MIGRATION_LOCK = 7_236_118_001;
const LOCK_RETRY_MS = 200;

export const createDataSource = (url: string, persistence: readonly Persistence[], log: Log): DataSource =>
  new DataSource({
    type: 'postgres',
    url,
    driver: pg,
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    entities: persistence.flatMap((part) => part.entities) as (new () => ObjectLiteral)[],
    migrations: persistence.flatMap((part) => part.migrations),
    migrationsTableName: 'schema_migrations',
    poolSize: 12,
    connectTimeoutMS: 5000,
    // A statement that waits for ever would hold a beat or a request for ever.
    extra: { statement_timeout: 30_000, application_name: 'tidegate-manager' },
    poolErrorHandler: (error: Error) => log.warn({ error: error.name }, 'idle database connection lost'),
  });

/**
 * Migrations run under one lock: without it two of three replicas that start together die. The others ask again instead of
 * waiting in the server: building an index concurrently waits for every statement that is older, and a statement that waits
 * for the lock meanwhile would be a deadlock.
 */
export async function migrate(source: DataSource): Promise<void> {
  const runner = source.createQueryRunner();
  try {
    while (!(await tryLock(runner))) await new Promise<void>((settle) => setTimeout(settle, LOCK_RETRY_MS));
    await source.runMigrations({ transaction: 'each' });
  } finally {
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => {});
    await runner.release();
  }
}

async function tryLock(runner: QueryRunner): Promise<boolean> {
  const [row] = (await runner.query('SELECT pg_try_advisory_lock($1) AS taken', [MIGRATION_LOCK])) as { taken: boolean }[];
  return row?.taken ?? false;
}
