import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { CHECKOUT, freePort } from './local-system.ts';

const READY_TIMEOUT_MS = 60_000;
/** Replicas of one installation share it. */
const SECRETS_KEY = randomBytes(32).toString('base64url');
const BUNDLE = join(CHECKOUT, 'apps/manager/dist', `e2e-${process.pid}`, 'main.mjs');

/** One replica of the manager as it is installed: a process of its own, on a database that others use too. */
export class ManagerProcess {
  readonly password = 'a long enough password';
  readonly url: string;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(url: string, folder: string, child: ChildProcess) {
    [this.url, this.#folder, this.#child] = [url, folder, child];
  }

  /** Beside what is running from the product's own place, and near its node_modules. */
  static async build(): Promise<void> {
    const built = spawn(process.execPath, [join(CHECKOUT, 'apps/manager/build/build-manager.ts'), BUNDLE], { stdio: 'inherit' });
    const [code] = (await once(built, 'exit')) as [number | null];
    if (code !== 0) throw new Error('the manager was not built');
  }

  static removeBuild(): void {
    rmSync(join(BUNDLE, '..'), { recursive: true, force: true });
  }

  static async start(config: object): Promise<ManagerProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-e2e-manager-'));
    const port = await freePort();
    writeFileSync(join(folder, 'password'), 'a long enough password');
    const file = join(folder, 'manager.json');
    writeFileSync(
      file,
      JSON.stringify({ listen: { port }, data_dir: folder, admin: { password_file: join(folder, 'password') }, ...config }),
    );
    const child = spawn(process.execPath, [BUNDLE, 'serve', '--config', file], {
      env: { ...process.env, NODE_OPTIONS: '', LOG_LEVEL: 'warn', TIDEGATE_SECRETS_KEY: SECRETS_KEY },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const manager = new ManagerProcess(`http://127.0.0.1:${port}`, folder, child);
    await eventually('a replica to be ready', READY_TIMEOUT_MS, async () => {
      if (child.exitCode !== null) throw new Error(`the manager ended with ${child.exitCode}`);
      const answer = await fetch(`${manager.url}/readyz`).catch(() => undefined);
      return answer?.ok ? true : undefined;
    });
    return manager;
  }

  get nodesUrl(): string {
    return this.url.replace('http:', 'ws:');
  }

  /** Without a word to anybody. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'exit');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
