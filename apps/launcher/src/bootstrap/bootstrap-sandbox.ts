import { spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const LAUNCHER = path.resolve(import.meta.dirname, '../..');

/** Stands in for npm: notes its call, waits for `gate` when there is one, then installs what package-lock.json says. */
const FAKE_NPM = `#!/bin/sh
echo "$*" >> npm-calls
[ ! -p gate ] || read line < gate
if [ -f npm-fails-with ]; then echo "npm error code $(cat npm-fails-with)" >&2; exit 1; fi
mkdir -p node_modules/.bin
ln -sf ${JSON.stringify(process.execPath)} node_modules/.bin/node
cp package-lock.json node_modules/.package-lock.json
echo "added 1 package"
`;

/** What a started process wrote and how it ended. */
export interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  stdout(): string;
  stderr(): string;
  /** Resolves once the text was written to either stream; the test's own time limit ends a wait that is in vain. */
  wrote(text: string): Promise<void>;
}

/** A checkout of nothing but the bootstrap, a lock file and a program that the test gives. */
export class BootstrapSandbox {
  readonly root: string;
  readonly #runs: Run[] = [];

  private constructor(root: string) {
    this.root = root;
  }

  static async create(program = `console.log(JSON.stringify(process.argv.slice(2)))`): Promise<BootstrapSandbox> {
    const sandbox = new BootstrapSandbox(await mkdtemp(path.join(tmpdir(), 'bootstrap-')));
    await cp(path.join(LAUNCHER, 'bootstrap'), sandbox.at('apps/launcher/bootstrap'), { recursive: true });
    await cp(path.join(LAUNCHER, 'bootstrap.cjs'), sandbox.at('apps/launcher/bootstrap.cjs'));
    await sandbox.write('package.json', '{"type":"module"}');
    await sandbox.write('apps/launcher/src/main.ts', program);
    await sandbox.lock({ 'node_modules/left': { version: '1.0.0', integrity: 'sha512-a' } });
    await sandbox.write('bin/npm', FAKE_NPM, 0o755);
    return sandbox;
  }

  at(relative: string): string {
    return path.join(this.root, relative);
  }

  async write(relative: string, content: string, mode = 0o644): Promise<void> {
    await mkdir(path.dirname(this.at(relative)), { recursive: true });
    await writeFile(this.at(relative), content, { mode });
  }

  async lock(packages: Readonly<Record<string, object>>): Promise<void> {
    await this.write('package-lock.json', JSON.stringify({ packages: { '': {}, ...packages } }));
  }

  /** As if `npm ci` had been run by hand. */
  async install(): Promise<void> {
    await this.write('node_modules/.package-lock.json', await readFile(this.at('package-lock.json'), 'utf8'));
    await mkdir(this.at('node_modules/.bin'), { recursive: true });
    await symlink(process.execPath, this.at('node_modules/.bin/node'));
  }

  /** The arguments of each call of npm so far. */
  async npmCalls(): Promise<readonly string[]> {
    const text = await readFile(this.at('npm-calls'), 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean);
  }

  bootstrap(args: readonly string[], env: NodeJS.ProcessEnv = {}): Run {
    return this.run(process.execPath, [this.at('apps/launcher/bootstrap.cjs'), ...args], env);
  }

  run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Run {
    const base = { PATH: `${this.at('bin')}:/usr/local/bin:/usr/bin:/bin`, HOME: this.root };
    // A process group of its own: a run that left a child behind must fail its test, not hang the removal below.
    const child = spawn(program, args, { cwd: this.root, env: { ...base, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const text = { stdout: '', stderr: '' };
    const waiting = new Set<() => void>();
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        text[name] += chunk;
        for (const look of waiting) look();
      });
    const wrote = (wanted: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (text.stdout.includes(wanted) || text.stderr.includes(wanted)) resolve();
        };
        waiting.add(look);
        look();
      });
    const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal }));
    });
    const run: Run = { child, ended, stdout: () => text.stdout, stderr: () => text.stderr, wrote };
    this.#runs.push(run);
    return run;
  }

  async remove(): Promise<void> {
    for (const { child } of this.#runs) killGroup(child);
    await Promise.all(this.#runs.map((run) => run.ended));
    await rm(this.root, { recursive: true, force: true });
  }
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of the group is left, which is how it should be.
  }
}
