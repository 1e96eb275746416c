import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function onPath(path: string, program: string): readonly string[] {
  for (const folder of path.split(delimiter)) {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return [join(folder, program)];
    } catch {
      // Not in this folder.
    }
  }
  return [];
}

// A parent that died before the death signal was asked for never sends it: whoever has another parent by then ends by himself.
const stillParent = '[ "$PPID" = "$0" ] && exec "$@"';

/**
 * What precedes every command on Linux. The kernel ends the child with the thread that spawned it, also when that was
 * killed with -9: KILL, because a candidate whose event loop is blocked would never act on TERM. No core dumps: a watchdog's ABRT
 * would write one of the size of the process each time.
 */
function containment(path: string): readonly string[] {
  if (process.platform !== 'linux') return [];
  const prlimit = onPath(path, 'prlimit');
  const setpriv = onPath(path, 'setpriv');
  return [
    ...prlimit,
    ...(prlimit.length > 0 ? ['--core=0:0'] : []),
    ...setpriv,
    ...(setpriv.length > 0 ? ['--pdeathsig', 'KILL', '--', 'sh', '-c', stillParent, String(process.pid)] : []),
  ];
}

export interface ContainedOptions {
  readonly cwd?: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Adds a fourth descriptor, number 3, that the parent reads. */
  readonly notify: boolean;
}

/** Spawns a command that cannot outlive this process, as the leader of its own process group. Standard input is empty. */
export function spawnContained(command: readonly string[], options: ContainedOptions): ChildProcess {
  const [program, ...args] = [...containment(options.env['PATH'] ?? defaultPath), ...command];
  if (program === undefined) throw new TypeError('a command has at least one word');
  return spawn(program, args, {
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    env: { ...options.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...(options.notify ? ['pipe' as const] : [])],
  });
}

/** Signals the child's whole group, so that nothing it started is left (systemd: KillMode=control-group). */
export function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Gone already.
  }
}
