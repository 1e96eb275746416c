import { readFile, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CodedError } from '@tidegate/contract-errors';

const POLL_MS = 25;

/** First line: process id. Fifth: folder of its socket. Eighth: what the postmaster is doing (`starting`, `ready`, ...), as pg_ctl reads it. */
export async function readPostmasterPid(dataDir: string): Promise<{ pid: number; socketFolder: string; status: string } | undefined> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = text.split('\n');
  return { pid: Number(lines[0]), socketFolder: lines[4] ?? '', status: (lines[7] ?? '').trim() };
}

/**
 * Clears the lock of a cluster that died. PostgreSQL does that itself unless the number was given to another process since,
 * which is common where process ids are few (containers); then it would refuse for ever.
 *
 * A postmaster that still runs here lost its manager a moment ago (it gets SIGINT from the kernel) and is waited for.
 * @throws CodedError database_in_use when it is still there after `waitMs`.
 */
export async function clearStaleLock(dataDir: string, waitMs = 15_000): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const lock = await readPostmasterPid(dataDir);
    if (!lock) return;
    if (!(await isPostmasterOf(lock.pid, dataDir))) return rm(join(dataDir, 'postmaster.pid'), { force: true });
    if (waitedMs >= waitMs) throw new CodedError('database_in_use', { pid: lock.pid });
    await delay(POLL_MS);
  }
}

/** A postmaster's working folder is its data folder. */
export async function isPostmasterOf(pid: number, dataDir: string): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid)) return false;
  if (process.platform !== 'linux') return true;
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  return cwd !== undefined && cwd === (await realpath(dataDir));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
