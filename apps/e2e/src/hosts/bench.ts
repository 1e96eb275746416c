import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { CHECKOUT } from '../local-system.ts';

const PROGRAMS = ['unshare', 'nsenter', 'ip', 'setpriv', 'pivot_root', 'systemctl', 'systemd-notify', 'systemd-analyze'];
const SYSTEMD = '/usr/lib/systemd/systemd';

/** Why no host can be booted here, or undefined. */
export function whyNoHosts(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'hosts need Linux and root';
  const missing = PROGRAMS.filter((program) => spawnSync('sh', ['-c', 'command -v "$0"', program]).status !== 0);
  if (!existsSync(SYSTEMD)) missing.push(SYSTEMD);
  if (missing.length > 0) return `hosts need ${missing.join(', ')}`;
  const script =
    'mount -t tmpfs tmpfs "$0" && mkdir "$0/cgroup" && mount -t cgroup2 cgroup2 "$0/cgroup" && mkdir "$0/cgroup/tidegate-try-$$" && rmdir "$0/cgroup/tidegate-try-$$"';
  const tried = spawnSync('unshare', ['-n', '-m', '-p', '-u', '-i', '-C', '-f', 'sh', '-c', script, tmpdir()], { encoding: 'utf8' });
  return tried.status === 0 ? undefined : `hosts need namespaces and mounts: ${tried.stderr.trim()}`;
}

/** Joins the cgroup `$0` from the folder `$1`, then becomes the program. */
const JOIN = 'echo $$ >"$0/cgroup.procs" && cd "$1" && shift && exec "$@"';

/**
 * What hosts and the services they talk to share: one private network, whose only interface is a loopback, one cgroup and one
 * temporary folder. All of it is gone when this process is, however it ends.
 */
export class Bench {
  readonly folder: string;
  readonly #keeper: ChildProcess;
  readonly #doors: Server[] = [];

  private constructor(folder: string, keeper: ChildProcess) {
    this.folder = folder;
    this.#keeper = keeper;
  }

  static async open(): Promise<Bench> {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
    // PostgreSQL and the agent run as other users.
    chmodSync(folder, 0o755);
    // In a session of its own: a Ctrl-C at the terminal must not reach who cleans up after it.
    const keeper = spawn('unshare', ['-n', '-m', 'sh', join(import.meta.dirname, 'bench.sh'), folder], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
    let said = '';
    keeper.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await eventually('the bench', 10_000, () => (said.includes('ready') ? true : undefined));
    return new Bench(folder, keeper);
  }

  /** The command line that runs a program on the bench, in the cgroup `group` below the bench's own. */
  enter(group: string, program: readonly string[]): [string, ...string[]] {
    const cgroup = join(this.folder, 'cgroup', group);
    this.#run('mkdir', '-p', cgroup);
    return [...this.#inside(), 'sh', '-c', JOIN, cgroup, CHECKOUT, ...program];
  }

  /** Ends everything in a group at once, as a power cut would. */
  cut(group: string): void {
    this.#run('sh', '-c', 'echo 1 >"$0/cgroup.kill"', join(this.folder, 'cgroup', group));
  }

  /** Who runs in the group, by the ids of this machine. */
  pidsIn(group: string): number[] {
    return this.#run('cat', join(this.folder, 'cgroup', group, 'cgroup.procs'))
      .trim()
      .split('\n')
      .filter(Boolean)
      .map(Number);
  }

  /** Whether anything runs in the group. */
  isPopulated(group: string): boolean {
    return this.#run('cat', join(this.folder, 'cgroup', group, 'cgroup.events')).includes('populated 1');
  }

  /** Makes 127.0.0.1:`port` of this machine lead to 127.0.0.1:`port` on the bench. */
  async openDoor(port: number): Promise<void> {
    const socket = join(this.folder, `door-${port}`);
    const relay = `const net = require('node:net');
      net.createServer((inner) => { const outer = net.connect(${port}, '127.0.0.1');
        for (const [one, other] of [[inner, outer], [outer, inner]]) one.on('error', () => other.destroy()).pipe(other);
      }).listen(${JSON.stringify(socket)});`;
    const [program, ...args] = this.enter('doors', [process.execPath, '-e', relay]);
    spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env: {} });
    await eventually('the door of the bench', 10_000, () => (existsSync(socket) ? true : undefined));
    const server = createServer((outer) => {
      const inner = connect(socket);
      outer.on('error', () => inner.destroy()).pipe(inner);
      inner.on('error', () => outer.destroy()).pipe(outer);
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
    this.#doors.push(server);
  }

  async close(): Promise<void> {
    for (const door of this.#doors) door.close();
    const ended = new Promise((resolve) => this.#keeper.once('exit', resolve));
    this.#keeper.stdin?.end();
    await ended;
  }

  #inside(): [string, ...string[]] {
    return ['nsenter', '-t', String(this.#keeper.pid), '-n', '-m'];
  }

  #run(...command: string[]): string {
    const [program, ...args] = [...this.#inside(), ...command] as [string, ...string[]];
    return execFileSync(program, args, { encoding: 'utf8' });
  }
}

export const freshFolder = (bench: Bench, name: string): string => {
  const folder = join(bench.folder, name);
  mkdirSync(folder, { mode: 0o755 });
  return folder;
};
