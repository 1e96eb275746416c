import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { CHECKOUT } from '../local-system.ts';

const SERVICE = 'tidegate-edge';
const GUARD = join(CHECKOUT, 'apps/boot-guard/guard');
const JUDGE_EVERY_MS = 500;
const RESTART_ASKED = 10;

/**
 * An install root with the real boot guard and the real edge, and the least a supervisor does: `guard pre` before every
 * start, `guard judge` while there is something to judge, and a new start after every end.
 */
export class GuardedEdge {
  readonly root: string;
  readonly #folder: string;
  readonly #env: Record<string, string>;
  /** What the agent said, all starts together. */
  readonly said: string[] = [];
  starts = 0;
  #child: ChildProcess | undefined;
  #state: 'activating' | 'active' = 'activating';
  #wanted = false;
  #running: Promise<void> = Promise.resolve();

  /** @param slot a tree with its statement; becomes 1.0.0, current and committed */
  constructor(slot: string, config: object, token: string) {
    this.#folder = mkdtempSync(join(tmpdir(), 'tidegate-rogue-'));
    this.root = join(this.#folder, 'root');
    for (const name of ['versions', 'staging', 'trial', 'snapshots', 'spool']) mkdirSync(join(this.root, name), { recursive: true });
    for (const name of ['guard', 'run']) mkdirSync(join(this.#folder, name));
    mkdirSync(join(this.root, 'identity'), { mode: 0o700 });
    writeFileSync(join(this.root, 'identity/registration-token'), token, { mode: 0o600 });
    writeFileSync(join(this.root, 'config.json'), JSON.stringify(config));
    cpSync(slot, join(this.root, 'versions/1.0.0'), { recursive: true });
    for (const link of ['committed', 'current']) symlinkSync('versions/1.0.0', join(this.root, link));
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      TIDEGATE_NODE: process.execPath,
      TIDEGATE_ROOT: this.root,
      TIDEGATE_GUARD_DIR: join(this.#folder, 'guard'),
      TIDEGATE_RUN_DIR: join(this.#folder, 'run'),
    };
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    this.#wanted = true;
    this.#running = this.#keepRunning();
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    this.#child?.kill('SIGKILL');
    await this.#running;
  }

  /** One end and one new start, with nothing said in between. */
  async restart(): Promise<void> {
    const child = this.#child;
    child?.kill('SIGKILL');
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  /** Asks the program of the committed version something that does not need the agent. */
  ask(...args: string[]): Promise<{ code: number; stdout: string }> {
    return new Promise((resolve) => {
      execFile(join(this.root, 'committed/bin', SERVICE), args, { env: this.#env }, (error, stdout) =>
        resolve({ code: error ? Number(error.code) : 0, stdout }),
      );
    });
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #keepRunning(): Promise<void> {
    while (this.#wanted) {
      const invocation = randomBytes(16).toString('hex');
      await this.#guard('pre', { INVOCATION_ID: invocation });
      if (this.#wanted) await this.#runOnce(invocation);
    }
  }

  async #runOnce(invocation: string): Promise<void> {
    this.#state = 'activating';
    this.starts += 1;
    const env = { ...this.#env, INVOCATION_ID: invocation, TIDEGATE_NOTIFY_FD: '3' };
    const program = join(this.#folder, 'run/start/bin', SERVICE);
    // Dies with whoever runs the tests, however that ends.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, 'run'], { env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => this.said.push(chunk.toString()));
    (child.stdio[3] as Readable).on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('READY=1')) this.#state = 'active';
    });
    let judging = Promise.resolve();
    let busy = false;
    const timer = setInterval(() => {
      if (busy || !this.#due()) return;
      busy = true;
      judging = this.#judge(child, invocation).finally(() => (busy = false));
    }, JUDGE_EVERY_MS);
    await once(child, 'exit');
    clearInterval(timer);
    await judging;
  }

  #due(): boolean {
    return existsSync(join(this.#folder, 'guard/trial')) || existsSync(join(this.root, 'trial/prune'));
  }

  async #judge(child: ChildProcess, invocation: string): Promise<void> {
    const code = await this.#guard('judge', { TIDEGATE_ACTIVE_STATE: this.#state, TIDEGATE_INVOCATION_ID: invocation });
    if (code === RESTART_ASKED) child.kill('SIGTERM');
  }

  #guard(verb: 'pre' | 'judge', more: Record<string, string>): Promise<number | null> {
    const env = { ...this.#env, ...more, TIDEGATE_INIT: 'caller', TIDEGATE_SEAL: 'off' };
    const child = spawn('sh', [GUARD, verb, SERVICE], { env, stdio: 'ignore' });
    return once(child, 'exit').then(([code]) => code as number | null);
  }
}
