import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from '../local-system.ts';

const BUNDLE = join(CHECKOUT, 'apps/cli/dist', `e2e-${process.pid}`, 'tidegate.mjs');

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

export interface Shown {
  readonly shown: string;
  readonly code: number | null;
}

/** The bundle that is installed, in a home of its own and as a process of its own. */
export class CommandLine {
  readonly home: string;
  readonly cwd: string;

  constructor(home: string, cwd: string) {
    [this.home, this.cwd] = [home, cwd];
  }

  static async build(): Promise<void> {
    const built = spawn(process.execPath, [join(CHECKOUT, 'apps/cli/build/build-cli.ts'), BUNDLE], { stdio: 'inherit' });
    const [code] = (await once(built, 'exit')) as [number | null];
    if (code !== 0) throw new Error('the command line was not built');
  }

  static removeBuild(): void {
    rmSync(join(BUNDLE, '..'), { recursive: true, force: true });
  }

  get contextsFile(): string {
    return join(this.home, 'tidegate', 'contexts.json');
  }

  spawn(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    stdio: StdioOptions = ['ignore', 'pipe', 'pipe'],
  ): ChildProcess {
    const { PATH = '' } = process.env;
    const env = { PATH, TZ: 'UTC', XDG_CONFIG_HOME: this.home, ...environment };
    return spawn(process.execPath, [BUNDLE, ...args], { cwd: this.cwd, env, stdio });
  }

  async run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const child = this.spawn(args, environment);
    let [stdout, stderr] = ['', ''];
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { stdout, stderr, code };
  }

  /** Both streams into one file, and so in the order in which they were written; two pipes would not keep it. */
  async record(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<Shown> {
    const file = join(this.home, 'shown');
    const handle = openSync(file, 'w');
    try {
      const child = this.spawn(args, environment, ['ignore', handle, handle]);
      const [code] = (await once(child, 'close')) as [number | null];
      return { shown: readFileSync(file, 'utf8'), code };
    } finally {
      closeSync(handle);
    }
  }
}
