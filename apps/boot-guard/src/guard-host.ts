import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const guardFile = fileURLToPath(new URL('../guard', import.meta.url));

/** Both shells that the guard must run under. */
export const shells: readonly (readonly [string, readonly string[]])[] = [
  ['dash', ['dash']],
  ['busybox sh', ['busybox', 'sh']],
];

/** These tests are about order, not about power: where there is memory, hundreds of fsyncs need not wait for a disk. */
const memoryFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export interface GuardResult {
  /** null when it was killed */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A node in a temporary folder: an install root, a guard record, and a /proc whose clock the test holds. */
export class GuardHost {
  readonly folder: string;
  readonly #shell: readonly string[];
  /** Added to the guard's environment; PATH shims go here. */
  env: Record<string, string> = {};
  state = 'active';
  invocation = 'run-1';
  #uptimeSecs = 1_000;
  #bootId = '11111111-1111-4111-8111-111111111111';

  private constructor(folder: string, shell: readonly string[]) {
    this.folder = folder;
    this.#shell = shell;
  }

  /** A node that runs 1.0.0, committed, with 1.1.0 unpacked beside it and a manager that answers the probe. */
  static async create(shell: readonly string[]): Promise<GuardHost> {
    const host = new GuardHost(await mkdtemp(join(memoryFolder, 'guard-')), shell);
    for (const folder of ['root/staging', 'root/trial', 'root/versions', 'record', 'proc/sys/kernel/random']) {
      await mkdir(join(host.folder, folder), { recursive: true });
    }
    await host.install('1.0.0');
    await host.install('1.1.0');
    await host.point('current', '1.0.0');
    await host.point('committed', '1.0.0');
    await host.setUptime(1_000);
    await host.boot(host.#bootId);
    await host.managerAnswers(true);
    return host;
  }

  at(...path: readonly string[]): string {
    return join(this.folder, ...path);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async install(version: string): Promise<void> {
    const bin = this.at('root/versions', version, 'bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, 'svc'), `#!/bin/sh\necho "${version} $*" >>"${this.at('probes')}"\nexec sh "${this.at('probe.sh')}"\n`, {
      mode: 0o755,
    });
  }

  /** The answer of every version's `probe`: 0 is a manager that accepts the node. */
  async managerAnswers(answers: boolean): Promise<void> {
    await writeFile(this.at('probe.sh'), `exit ${answers ? 0 : 1}\n`);
  }

  /** As the agent swaps: over whatever stands there. */
  async point(link: 'current' | 'committed' | 'previous', version: string): Promise<void> {
    await this.pointRaw(link, `versions/${version}`);
  }

  async pointRaw(link: string, target: string): Promise<void> {
    await rm(this.at('root', link), { recursive: true, force: true });
    await symlink(target, this.at('root', link));
  }

  async setUptime(uptimeSecs: number): Promise<void> {
    this.#uptimeSecs = uptimeSecs;
    await writeFile(this.at('proc/uptime'), `${uptimeSecs}.42 9999.00\n`);
  }

  async pass(secs: number): Promise<void> {
    await this.setUptime(this.#uptimeSecs + secs);
  }

  /** A machine boot: new id, clock from the start. */
  async boot(bootId: string, uptimeSecs = this.#uptimeSecs): Promise<void> {
    this.#bootId = bootId;
    await writeFile(this.at('proc/sys/kernel/random/boot_id'), `${bootId}\n`);
    await this.setUptime(uptimeSecs);
  }

  async intent(fields: Readonly<Record<string, string | number>> = {}): Promise<void> {
    await this.write('root/trial/intent', { v: 1, attempt: 'a-1', target: 'versions/1.1.0', ...fields });
  }

  /** What a candidate that is well says at this moment, but for what the test changes. */
  async testimony(fields: Readonly<Record<string, string | number>> = {}): Promise<void> {
    const good = {
      v: 1,
      attempt: 'a-1',
      invocation: this.invocation,
      boot_id: this.#bootId,
      ready: 1,
      checks: 'ok',
      authenticated: 1,
      beat_uptime: this.#uptimeSecs,
    };
    await this.write('root/trial/testimony', { ...good, ...fields });
  }

  async write(path: string, fields: Readonly<Record<string, string | number>>): Promise<void> {
    const lines = Object.entries(fields).map(([key, value]) => `${key}=${value}\n`);
    await writeFile(this.at(path), lines.join(''));
  }

  /** Activates 1.1.0 as the agent does and opens the trial by its first start. */
  async openTrial(fields: Readonly<Record<string, string | number>> = {}): Promise<void> {
    await this.intent(fields);
    await this.point('current', '1.1.0');
    await this.pre();
  }

  pre(): Promise<GuardResult> {
    return this.guard('pre', 'svc');
  }

  async judge(): Promise<string> {
    return (await this.guard('judge', 'svc')).stdout.trim();
  }

  /** Runs the real script as its own process group, so that a shim can kill all of it at once. */
  async guard(...args: readonly string[]): Promise<GuardResult> {
    const [program = 'sh', ...words] = [...this.#shell, guardFile, ...args];
    const child = spawn(program, words, {
      env: { ...process.env, ...this.#env(), ...this.env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, stdout, stderr };
  }

  /** A tool in front of the real one, for what a test cannot let happen (waiting) or wants to see (systemctl). */
  async shim(tool: string, script: string): Promise<void> {
    await mkdir(this.at('shims'), { recursive: true });
    await writeFile(this.at('shims', tool), `#!/bin/sh\n${script}\n`);
    await chmod(this.at('shims', tool), 0o755);
    this.env = { ...this.env, PATH: `${this.at('shims')}:${process.env['PATH'] ?? ''}` };
  }

  /** The version a link names; undefined without such a link. */
  async version(link: 'current' | 'committed' | 'previous'): Promise<string | undefined> {
    const target = await readlink(this.at('root', link)).catch(() => undefined);
    return target?.replace(/^versions\//, '');
  }

  async startsFrom(): Promise<string | undefined> {
    const target = await readlink(this.at('run/start')).catch(() => undefined);
    return target?.slice(this.at('root').length + 1);
  }

  async trialIsOpen(): Promise<boolean> {
    return this.exists('record/trial');
  }

  async exists(path: string): Promise<boolean> {
    return lstat(this.at(path)).then(
      () => true,
      () => false,
    );
  }

  async fields(path: string): Promise<Readonly<Record<string, string>>> {
    const text = await readFile(this.at(path), 'utf8').catch(() => '');
    return Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, key, value]) => [key, value]));
  }

  async verdict(): Promise<string | undefined> {
    const { verdict, reason } = await this.fields('record/verdict');
    return verdict && `${verdict} ${reason}`;
  }

  async lines(path: string): Promise<readonly string[]> {
    return (await readFile(this.at(path), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  }

  #env(): Record<string, string> {
    return {
      TIDEGATE_ROOT: this.at('root'),
      TIDEGATE_GUARD_DIR: this.at('record'),
      TIDEGATE_RUN_DIR: this.at('run'),
      TIDEGATE_PROC: this.at('proc'),
      TIDEGATE_INIT: 'caller',
      TIDEGATE_SEAL: 'off',
      TIDEGATE_ACTIVE_STATE: this.state,
      TIDEGATE_INVOCATION_ID: this.invocation,
    };
  }
}
