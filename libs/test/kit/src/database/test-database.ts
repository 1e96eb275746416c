import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startPostgres, type PostgresConnection } from '@tidegate/adapter-postgres-embedded';

export interface TestDatabase {
  readonly connection: PostgresConnection;
  /** For configurations that take an address. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const uid = process.getuid?.() ?? 0;
const binariesDir = join(tmpdir(), `tidegate-test-binaries-${uid}`);
const options = { log: () => {}, durability: 'none', maxConnections: 40, binariesDir } as const;

/**
 * A real PostgreSQL for one suite, empty and its own. Making a cluster takes about a second, copying one a few
 * milliseconds: the first caller on a machine makes the template, everybody else starts a copy.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const template = await prepareTemplate();
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-test-db-'));
  const dataDir = join(folder, 'postgres');
  await copyCluster(template, dataDir);
  const running = await startPostgres({ ...options, dataDir });
  const { host, user, database } = running.connection;
  return {
    connection: running.connection,
    url: `postgresql://${user}@localhost/${database}?host=${encodeURIComponent(host)}`,
    pid: running.pid,
    stop: async () => {
      await running.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function prepareTemplate(): Promise<string> {
  const template = join(tmpdir(), `tidegate-test-cluster-${uid}-v1`);
  if ((await readdir(template).catch(() => [])).length > 0) return template;
  const draft = await mkdtemp(`${template}-`);
  const running = await startPostgres({ ...options, dataDir: join(draft, 'postgres') });
  await running.stop();
  // Several workers may make one at the same time; the first rename wins and all of them are alike.
  await rename(join(draft, 'postgres'), template).catch(() => {});
  await rm(draft, { recursive: true, force: true });
  return template;
}

/** `cp -a` keeps the owner (PostgreSQL's user is not ours when we are root) and is many times faster than node's own copy. */
async function copyCluster(template: string, dataDir: string): Promise<void> {
  await promisify(execFile)('cp', ['-a', '--reflink=auto', template, dataDir]);
}
