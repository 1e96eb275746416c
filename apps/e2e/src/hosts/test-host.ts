import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, openSync, closeSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import type { Bench } from './bench.ts';
import { freshFolder } from './bench.ts';

const BOOT_TIMEOUT_MS = 60_000;
/** Users, groups and the linker's cache; the rest of a host's /etc is empty but for what is installed into it. */
const FROM_THIS_MACHINE = [
  'passwd',
  'group',
  'shadow',
  'gshadow',
  'nsswitch.conf',
  'login.defs',
  'ld.so.conf',
  'ld.so.conf.d',
  'ld.so.cache',
  'pam.d',
];

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A throw-away machine: real systemd as process 1 in namespaces of its own, on the bench's network. Its disk is a folder that
 * outlives every boot; each boot has a boot id of its own, and the boot-time clock is this machine's.
 */
export class TestHost {
  readonly name: string;
  /** What the host sees as /etc, /opt and /var, and what is added to this machine's /usr. */
  readonly disk: string;
  readonly consoleLog: string;
  readonly #bench: Bench;
  #machine: ChildProcess | undefined;
  #boots = 0;

  constructor(bench: Bench, name: string) {
    this.#bench = bench;
    this.name = name;
    this.disk = freshFolder(bench, name);
    this.consoleLog = join(bench.folder, `${name}.console`);
    for (const folder of ['usr', 'etc', 'var/log/journal', 'opt']) mkdirSync(this.at(folder), { recursive: true });
    for (const file of FROM_THIS_MACHINE)
      if (existsSync(join('/etc', file))) cpSync(join('/etc', file), this.at('etc', file), { recursive: true, dereference: true });
    symlinkSync('../usr/lib/os-release', this.at('etc/os-release'));
    writeFileSync(this.at('etc/machine-id'), `${randomBytes(16).toString('hex')}\n`);
    writeFileSync(this.at('etc/hosts'), '127.0.0.1 localhost\n');
  }

  /** A path of the host, as this machine names it. Not /run or /tmp: those are the boot's. */
  at(...path: readonly string[]): string {
    return join(this.disk, ...path);
  }

  async boot(): Promise<void> {
    this.#boots += 1;
    const group = this.#group;
    const namespaces = ['unshare', '-m', '-p', '-u', '-i', '-C', '--fork', '--kill-child'];
    const [program, ...args] = this.#bench.enter(group, [
      ...namespaces,
      'sh',
      join(import.meta.dirname, 'power-on.sh'),
      this.disk,
      this.name,
      process.execPath,
    ]);
    const log = openSync(this.consoleLog, 'a');
    const machine = spawn(program, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#machine = machine;
    await eventually(`${this.name} to boot (see ${this.consoleLog})`, BOOT_TIMEOUT_MS, async () => {
      if (machine.exitCode !== null) throw new Error(`${this.name} did not boot:\n${readFileSync(this.consoleLog, 'utf8').slice(-2000)}`);
      if (this.#pidOne === undefined) return undefined;
      const { stdout } = await this.exec('systemctl', 'is-system-running').catch(() => ({ stdout: '' }));
      return ['running', 'degraded'].includes(stdout.trim()) ? true : undefined;
    });
  }

  /** Runs a program as root on the host; whatever its exit code, that is the answer. */
  async exec(...command: readonly string[]): Promise<Ran> {
    const pid = this.#pidOne;
    if (pid === undefined) throw new Error(`${this.name} is not up`);
    const environment = ['env', '-i', 'PATH=/usr/sbin:/usr/bin', 'LC_ALL=C.UTF-8', 'SYSTEMD_PAGER='];
    return await new Promise((resolve, reject) => {
      execFile('nsenter', ['-t', String(pid), '-a', '-r', '-w', ...environment, ...command], (error, stdout, stderr) => {
        // A number is the program's exit code; anything else means that it could not be run.
        if (error && typeof error.code !== 'number') reject(new Error(`${this.name}: ${command.join(' ')}`, { cause: error }));
        else resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      });
    });
  }

  /** The same, and anything but 0 is an error that says what was said. */
  async run(...command: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.exec(...command);
    if (code !== 0) throw new Error(`${this.name}: ${command.join(' ')} ended with ${code}: ${stderr || stdout}`);
    return stdout;
  }

  /** The processes of a service, by the ids of this machine: for a signal that comes without any delay. */
  pidsOf(unit: string): number[] {
    return this.#bench.pidsIn(join(this.#group, 'system.slice', unit));
  }

  /** What a unit and systemd said of it, over all boots. */
  async journal(unit: string): Promise<string> {
    return await this.run('journalctl', '--quiet', '--output=cat', `--unit=${unit}`);
  }

  async bootId(): Promise<string> {
    return (await this.run('cat', '/proc/sys/kernel/random/boot_id')).trim();
  }

  /** Orderly, as when somebody presses the button. */
  async shutDown(): Promise<void> {
    await this.exec('systemctl', 'poweroff', '--no-block');
    await this.#isOff();
  }

  /** Everything on it ends in this instant, with whatever it was doing. */
  async cutPower(): Promise<void> {
    this.#bench.cut(this.#group);
    await this.#isOff();
  }

  async #isOff(): Promise<void> {
    await eventually(`${this.name} to be off`, 30_000, () => (this.#bench.isPopulated(this.#group) ? undefined : true));
    this.#machine = undefined;
  }

  get #group(): string {
    return `${this.name}-${this.#boots}`;
  }

  /** The process that unshare forked is the first of its PID namespace. */
  get #pidOne(): number | undefined {
    const pid = this.#machine?.pid;
    if (pid === undefined) return undefined;
    try {
      const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
      return child ? Number(child) : undefined;
    } catch {
      return undefined;
    }
  }
}
