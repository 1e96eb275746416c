import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Holder {
  readonly pid: number;
  /** Ticks since boot at which the process began: a pid alone may have been given to another process since. */
  readonly began: string;
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold spaces and brackets, so it is counted from the last one. */
function beganAt(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A zombie still has a stat file, but holds nothing any more.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  if (process.platform === 'linux') return beganAt(holder.pid) === holder.began;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch {
    return false;
  }
}

function readHolder(file: string): Holder | undefined {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as Partial<Holder>;
    return typeof found.pid === 'number' && typeof found.began === 'string' ? { pid: found.pid, began: found.began } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Takes `<folder>/<name>` for this process. Returns its release, or the pid of the process that holds it. A lock whose
 * process is gone is taken over: a launcher that was killed outright must not lock its user out.
 */
export function takeLock(folder: string, name: string): { release: () => void } | { heldBy: number } {
  const file = join(folder, name);
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, began: beganAt(process.pid) ?? '' } satisfies Holder));
  try {
    for (;;) {
      try {
        // Linked into place with its content, so that nobody ever reads it empty.
        linkSync(own, file);
        return { release: () => rmSync(file, { force: true }) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = readHolder(file);
      if (holder && isAlive(holder)) return { heldBy: holder.pid };
      setAside(file);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Renamed rather than removed: of two that find the same dead lock, only one moves it away, the other finds a new lock or none. */
function setAside(file: string): void {
  const aside = `${file}.dead-${process.pid}`;
  try {
    renameSync(file, aside);
    const moved = readHolder(aside);
    if (moved && isAlive(moved)) linkSync(aside, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  }
  rmSync(aside, { force: true });
}
