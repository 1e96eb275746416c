import { resolve } from 'node:path';
import { isPostmasterOf, readPostmasterPid } from './cluster-lock.ts';
import { SUPERUSER, type PostgresConnection } from './start-postgres.ts';

/** The server that runs on this data folder at the moment, whoever started it; null when none is ready there. */
export async function findPostgres(dataDir: string): Promise<PostgresConnection | null> {
  const folder = resolve(dataDir);
  const lock = await readPostmasterPid(folder);
  if (!lock || lock.status !== 'ready' || lock.socketFolder === '' || !(await isPostmasterOf(lock.pid, folder))) return null;
  return { host: lock.socketFolder, port: 5432, user: SUPERUSER, database: 'postgres' };
}
