import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually } from './eventually.ts';
import { processesOf } from './processes-of.ts';

export const CHECKOUT = resolve(import.meta.dirname, '../../..');
const MAIN = join(CHECKOUT, 'apps/launcher/src/main.ts');
/** A first start builds everything; on two busy cores that takes most of this. */
const READY_TIMEOUT_MS = 180_000;
const END_TIMEOUT_MS = 40_000;

export interface ProcessRow {
  readonly name: string;
  readonly kind: 'manager' | 'release-source' | 'edge';
  readonly pid: number | null;
  readonly starts: number;
}

/** From a command line to the one that runs it somewhere else. */
export type Entering = (program: [string, ...string[]]) => [string, ...string[]];

/** What `npm start` runs, as a process of its own, in a temporary data folder. Nothing of the launcher is imported. */
export class LocalSystem {
  readonly folder: string;
  readonly port: number;
  readonly child: ChildProcess;
  /** Everything it said on stderr, by line. */
  readonly said: string[] = [];
  #printed = '';
  #ended: { code: number | null; signal: NodeJS.Signals | null } | undefined;

  private constructor(folder: string, port: number, args: readonly string[], entering: Entering) {
    this.folder = folder;
    this.port = port;
    const [program, ...rest] = entering([process.execPath, MAIN, 'start', '--data-dir', folder, '--port', String(port), ...args]);
    this.child = spawn(program, rest, {
      cwd: CHECKOUT,
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.#printed += chunk.toString()));
    let unfinished = '';
    this.child.stderr?.on('data', (chunk: Buffer) => {
      const lines = (unfinished + chunk.toString()).split('\n');
      unfinished = lines.pop() ?? '';
      this.said.push(...lines);
    });
    this.child.once('exit', (code, signal) => (this.#ended = { code, signal }));
  }

  /** Starts it and does not wait; `folder` reuses what another start left there, `entering` starts it in other namespaces. */
  static spawn(args: readonly string[], place: { folder?: string; port: number; entering?: Entering }): LocalSystem {
    return new LocalSystem(place.folder ?? newFolder(), place.port, args, place.entering ?? ((program) => program));
  }

  static async start(args: readonly string[], place: { folder?: string } = {}): Promise<LocalSystem> {
    const system = LocalSystem.spawn(args, { ...place, port: await freePort() });
    await system.ready();
    return system;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }
  get password(): string {
    return readFileSync(join(this.folder, 'admin-password'), 'utf8').trim();
  }
  /** What it printed for people on stdout. */
  get printed(): string {
    return this.#printed;
  }

  async ready(): Promise<void> {
    await eventually('the start to finish', READY_TIMEOUT_MS, () => {
      if (this.#ended) throw new Error(`the launcher ended early:\n${this.said.join('\n')}`);
      return this.#printed.includes('Ctrl-C') ? true : undefined;
    });
  }

  rows(): ProcessRow[] {
    const table = JSON.parse(readFileSync(join(this.folder, 'processes.json'), 'utf8')) as { processes: ProcessRow[] };
    return table.processes;
  }

  row(name: string): ProcessRow {
    const found = this.rows().find((row) => row.name === name);
    if (!found) throw new Error(`there is no process ${name}`);
    return found;
  }

  /** Resolves with the first line said from `since` on that matches. */
  async says(pattern: RegExp, since = 0, timeoutMs = 30_000): Promise<string> {
    return await eventually(`a line like ${String(pattern)} (said: ${this.said.slice(since).join(' | ')})`, timeoutMs, () =>
      this.said.slice(since).find((line) => pattern.test(line)),
    );
  }

  async ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    return await eventually('the launcher to end', END_TIMEOUT_MS, () => this.#ended);
  }

  /** Nothing that belongs to this folder is alive any more. */
  async nothingLeft(): Promise<void> {
    await eventually(
      `an end of ${processesOf(this.folder)
        .map(({ command }) => command)
        .join(', ')}`,
      15_000,
      () => (processesOf(this.folder).length === 0 ? true : undefined),
    );
  }

  async stop(): Promise<void> {
    if (!this.#ended) this.child.kill('SIGTERM');
    await this.ended();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** mkdtemp makes it 0700, and PostgreSQL runs as another user when this runs as root. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-e2e-'));
  chmodSync(folder, 0o755);
  return folder;
}

export function freePort(): Promise<number> {
  return new Promise((resolved, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolved(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}
