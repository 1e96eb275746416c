import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, chown, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { CodedError } from '@tidegate/contract-errors';
import { prepareBinaries } from './binaries.ts';
import { clearStaleLock, readPostmasterPid } from './cluster-lock.ts';
import { chooseServiceUser, type ServiceUser } from './service-user.ts';
import { prepareSocketFolder } from './socket-folder.ts';

export interface PostgresOptions {
  /** The cluster; made when empty. */
  readonly dataDir: string;
  /** Each line PostgreSQL prints. */
  readonly log: (line: string) => void;
  /** Default 100. */
  readonly maxConnections?: number;
  /** Where the runnable copy of the binaries lies; default beside `dataDir` where others can read it. */
  readonly binariesDir?: string;
  /** `none` loses data on a power cut and is for tests only. */
  readonly durability?: 'full' | 'none';
}

export interface PostgresConnection {
  /** Folder of the unix socket; there is no TCP port. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

export interface RunningPostgres {
  readonly connection: PostgresConnection;
  readonly pid: number;
  /** Settles when the postmaster has ended, whoever ended it. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Fast shutdown (open transactions are rolled back), then immediate after 10 s. Idempotent. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 20;
export const SUPERUSER = 'tidegate';
const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';

/**
 * Starts a PostgreSQL of our own on a unix socket.
 * @throws CodedError database_binaries_missing, database_user_missing, database_in_use, database_start_failed
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const dataDir = resolve(options.dataDir);
  const user = await chooseServiceUser(dataDir);
  const binaries = await prepareBinaries(options.binariesDir ?? (await readableCacheDir(dataDir)));
  const run: Run = (program, args, folder) => launch(join(binaries, 'bin', program), args, folder, user);
  if ((await readdir(dataDir).catch(() => [])).length === 0) await initialise(run, dataDir, user, options);
  await ownPrivately(dataDir, user);
  await clearStaleLock(dataDir);
  const host = await prepareSocketFolder(dataDir, user);
  const child = run('postgres', serverArguments(dataDir, host, options), dataDir);
  forwardLines(child, options.log);
  return await whenReady(child, dataDir, { host, port: 5432, user: SUPERUSER, database: 'postgres' });
}

/**
 * PostgreSQL walks to its data folder by path, which an unprivileged user cannot do below, say, /root. Started *in* the
 * folder it needs no path: /proc/self/cwd leads every one of its processes there without a walk.
 */
const dataDirArgument = (dataDir: string): string => (process.platform === 'linux' ? '/proc/self/cwd' : dataDir);

/** Under another name until it is whole: a start that was killed in the middle leaves nothing that looks like a cluster. */
async function initialise(run: Run, dataDir: string, user: ServiceUser | undefined, options: PostgresOptions): Promise<void> {
  const draft = `${dataDir}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  await ownPrivately(draft, user);
  const args = [
    '-D',
    dataDirArgument(draft),
    '-U',
    SUPERUSER,
    '--auth=trust',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
    ...(options.durability === 'none' ? ['--no-sync', '--wal-segsize=1'] : []),
  ];
  const child = run('initdb', args, draft);
  forwardLines(child, options.log);
  const { code } = await exitOf(child);
  if (code !== 0) throw new CodedError('database_start_failed', { step: 'initdb', exit_code: code });
  await rename(draft, dataDir);
}

async function ownPrivately(folder: string, user: ServiceUser | undefined): Promise<void> {
  if (user) await chown(folder, user.uid, user.gid);
  await chmod(folder, 0o700);
}

function serverArguments(dataDir: string, socketFolder: string, options: PostgresOptions): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '',
    unix_socket_directories: socketFolder,
    unix_socket_permissions: '0700',
    max_connections: String(options.maxConnections ?? 100),
    lc_messages: 'C',
    ...(options.durability === 'none' && { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }),
  };
  return ['-D', dataDirArgument(dataDir), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

type Run = (program: string, args: readonly string[], folder: string) => ChildProcess;

/** Linux: the kernel interrupts PostgreSQL (fast shutdown) when we die in any way, so that it never outlives the manager. */
function launch(program: string, args: readonly string[], folder: string, user: ServiceUser | undefined): ChildProcess {
  const drop = user ? ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups', '--no-new-privs'] : [];
  const [command, ...rest] =
    process.platform === 'linux' ? ['setpriv', ...drop, '--pdeathsig', 'INT', program, ...args] : [program, ...args];
  return spawn(command ?? program, rest, {
    cwd: folder,
    // Nothing of our environment is the database's business; PG* and secrets stay here.
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A terminal's Ctrl-C goes to the whole process group; the manager decides when its database ends.
    detached: true,
  });
}

function forwardLines(child: ChildProcess, log: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', log);
}

function exitOf(child: ChildProcess): RunningPostgres['exited'] {
  return new Promise((settle) => {
    child.once('exit', (code, signal) => settle({ code, signal }));
    child.once('error', () => settle({ code: null, signal: null }));
  });
}

async function whenReady(child: ChildProcess, dataDir: string, connection: PostgresConnection): Promise<RunningPostgres> {
  let ended: Awaited<RunningPostgres['exited']> | undefined;
  const exited = exitOf(child).then((exit) => (ended = exit));
  const stop = async (): Promise<void> => {
    if (!ended) {
      child.kill('SIGINT');
      const late = setTimeout(() => child.kill('SIGQUIT'), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(late);
    }
    // One that was killed leaves its socket and its lock; another lock is that of a server started since, in the same folder.
    const lock = await readPostmasterPid(dataDir);
    if (!lock || lock.pid === child.pid) await rm(connection.host, { recursive: true, force: true });
  };
  for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += POLL_MS) {
    if (ended) throw new CodedError('database_start_failed', { step: 'postgres', exit_code: ended.code });
    const lock = await readPostmasterPid(dataDir);
    if (lock && lock.pid === child.pid && lock.status === 'ready') return { connection, pid: lock.pid, exited, stop };
    await delay(POLL_MS);
  }
  await stop();
  throw new CodedError('database_start_failed', { step: 'timeout' });
}

/** Beside the cluster when every folder above lets others through; otherwise in a system folder that does. */
async function readableCacheDir(dataDir: string): Promise<string> {
  const beside = `${dataDir}-binaries`;
  if (process.getuid?.() !== 0) return beside;
  for (let folder = dirname(dataDir); ; folder = dirname(folder)) {
    const stats = await stat(folder).catch(() => undefined);
    if (stats && (stats.mode & 0o001) === 0) return join(tmpdir(), 'tidegate-binaries-0');
    if (folder === dirname(folder)) return beside;
  }
}
