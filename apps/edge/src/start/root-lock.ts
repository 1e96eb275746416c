/**
 * One agent per install root. Node has no flock, and "remove a stale lock, then take it" is a race between two starters. So
 * each starter lays down a file that names itself (boot id, pid, start time) and only then looks for others: of any two, the
 * later looker sees the earlier file, so never both go on. Both may refuse, which is safe: the supervisor starts one again.
 * A dead one's file can be removed by anybody, because that name never comes back to life.
 */
import { mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';

export interface RootLock {
  release(): Promise<void>;
}

/** Throws `root_in_use` (details: pid). */
export async function lockRoot(root: string, bootId: string): Promise<RootLock> {
  const folder = join(root, 'lock');
  const own = `${bootId}.${process.pid}.${startTicks(process.pid)}`;
  layDown(folder, own);
  for (const other of namesIn(folder)) {
    if (other === own) continue;
    const pid = livingOwner(other, bootId);
    if (pid === null) {
      remove(join(folder, other));
      continue;
    }
    remove(join(folder, own));
    throw new CodedError('root_in_use', { pid });
  }
  return { release: async () => remove(join(folder, own)) };
}

function layDown(folder: string, own: string): void {
  const write = (): void => writeFileSync(join(folder, own), '', { mode: 0o600 });
  try {
    try {
      write();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      write();
    }
  } catch (error) {
    if (!takesNothing(error)) throw error;
  }
}

function remove(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // Gone already, or on a disk that takes no writes: a dead one's file holds nobody up.
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A disk that takes no file must not keep the node from running: then the files of others are still looked for. */
const takesNothing = (error: unknown): boolean => ['EROFS', 'ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');

/** The agent that runs on this root; null when none does. */
export async function lockHolder(root: string, bootId: string): Promise<number | null> {
  const owners = namesIn(join(root, 'lock')).map((name) => livingOwner(name, bootId));
  return owners.find((pid) => pid !== null) ?? null;
}

function livingOwner(name: string, bootId: string): number | null {
  const [boot, pid, ticks] = name.split('.');
  if (boot !== bootId || pid === undefined) return null;
  return startTicks(Number(pid)) === ticks ? Number(pid) : null;
}

/** Field 22 of /proc/PID/stat, so that a recycled pid is not taken for its former owner; null when it is gone or a zombie. */
function startTicks(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The second field is the command in brackets and may hold spaces and brackets itself.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? null : (fields[18] ?? null);
}
