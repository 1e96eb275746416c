import { findPostgres, startPostgres, type RunningPostgres } from '@tidegate/adapter-postgres-embedded';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import type { DataSource } from 'typeorm';
import type { ManagerConfig } from '../config.ts';
import type { Log } from '../log.ts';
import { isConnectionLoss } from './connection-loss.ts';
import { createDataSource, migrate, type Persistence } from './data-source.ts';
import { embeddedFolder, urlOf } from './database-life.ts';
import { Database } from './database.ts';

export interface MigrationState {
  readonly applied: readonly string[];
  /** Of this program, not in the database yet; in the order in which they will run. */
  readonly pending: readonly string[];
  /** In the database and not in this program: it was made by a later release. */
  readonly unknown: readonly string[];
}

/** The manager's database without a manager: for its commands. */
export interface OpenDatabase {
  readonly database: Database;
  migrations(): Promise<MigrationState>;
  /** Runs those that are pending, under the lock that managers use too. */
  migrate(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Where the configuration says; the embedded one is joined when a manager runs on it, and started for as long as this takes otherwise.
 * @param wanted names of the only migrations that `migrate` may run: those of an earlier release
 * @throws CodedError database_unavailable and those of `startPostgres`
 */
export async function openDatabase(
  config: Pick<ManagerConfig, 'database_url' | 'data_dir'>,
  persistence: readonly Persistence[],
  log: Log,
  wanted?: ReadonlySet<string>,
): Promise<OpenDatabase> {
  const embedded = config.database_url === undefined ? await joinEmbedded(config.data_dir, log) : null;
  const url = embedded?.url ?? config.database_url ?? '';
  const migrations = persistence.flatMap((part) => part.migrations).filter(({ name }) => wanted?.has(name) ?? true);
  const entities = persistence.flatMap((part) => part.entities);
  try {
    const source = await createDataSource(url, [{ entities, migrations }], log).initialize();
    const database = new Database(log);
    database.attach(source, () => {});
    database.open = true;
    const close = async (): Promise<void> => {
      await source.destroy();
      await embedded?.postgres?.stop();
    };
    return { database, close, migrations: () => stateOf(source), migrate: () => migrate(source) };
  } catch (error) {
    await embedded?.postgres?.stop();
    if (isCodedError(error)) throw error;
    throw new CodedError('database_unavailable', { reason: isConnectionLoss(error) ? 'no answer' : 'refused' }, { cause: error });
  }
}

async function joinEmbedded(dataDir: string, log: Log): Promise<{ url: string; postgres?: RunningPostgres }> {
  const folder = embeddedFolder(dataDir);
  const found = await findPostgres(folder);
  if (found) return { url: urlOf(found) };
  const postgres = await startPostgres({ dataDir: folder, log: (line) => log.debug({ part: 'postgres' }, line) });
  return { url: urlOf(postgres.connection), postgres };
}

async function stateOf(source: DataSource): Promise<MigrationState> {
  const [found] = await source.query<{ there: boolean }[]>(`SELECT to_regclass('schema_migrations') IS NOT NULL AS there`);
  const rows = found?.there ? await source.query<{ name: string }[]>('SELECT name FROM schema_migrations ORDER BY id') : [];
  const applied = rows.map((row) => row.name);
  const known = source.migrations.map((migration) => migration.name ?? '').toSorted(byTimestamp);
  return {
    applied,
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

const byTimestamp = (one: string, other: string): number => Number(one.slice(-13)) - Number(other.slice(-13));
