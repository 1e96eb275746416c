import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const BUILD = join(import.meta.dirname, '../../build/build-edge.ts');
const exec = promisify(execFile);

/** Builds a slot tree as a release would be, in a process of its own. */
export const buildEdge = (out: string, ...options: string[]) =>
  exec(process.execPath, ['--no-warnings', BUILD, '--version', '1.0.0', '--out', out, ...options], { env: { PATH: process.env['PATH'] } });

export interface InstallRoot {
  readonly root: string;
  /** Runs the built edge to its end. */
  run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
  start(environment?: Record<string, string>): RunningEdge;
  remove(): Promise<void>;
}

export interface RunningEdge {
  readonly child: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  readonly lines: readonly string[];
}

/** An install root with a configuration and, if given, a token; the edge is installed from `slot` as a package would. */
export function makeRoot(slot: string, config: object, token?: string): InstallRoot {
  const root = mkdtempSync(join(tmpdir(), 'tidegate-edge-'));
  mkdirSync(join(root, 'identity'), { mode: 0o700 });
  writeFileSync(join(root, 'config.json'), JSON.stringify(config));
  if (token !== undefined) writeFileSync(join(root, 'identity/registration-token'), token, { mode: 0o600 });
  cpSync(slot, join(root, 'versions/1.0.0'), { recursive: true });
  for (const link of ['committed', 'current']) symlinkSync('versions/1.0.0', join(root, link));
  const program = join(root, 'current/bin/tidegate-edge');
  const env = { PATH: process.env['PATH'], TIDEGATE_NODE: process.execPath, TIDEGATE_ROOT: root, TIDEGATE_GUARD_DIR: join(root, 'guard') };
  const running: RunningEdge[] = [];

  const start = (environment: Record<string, string> = {}, args = ['run']): RunningEdge & { errors: readonly string[] } => {
    const child = spawn(program, args, { env: { ...env, ...environment }, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    const [lines, errors]: [string[], string[]] = [[], []];
    child.stdout?.on('data', (data) => lines.push(String(data)));
    child.stderr?.on('data', (data) => errors.push(String(data)));
    // `close`, not `exit`: what it wrote last is there as well.
    const exited = once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as string | null }));
    const edge = { child, exited, lines, errors };
    running.push(edge);
    return edge;
  };
  return {
    root,
    async run(...args) {
      const edge = start({}, args);
      const { code } = await edge.exited;
      return { code, stdout: edge.lines.join(''), stderr: edge.errors.join('') };
    },
    start: (environment) => start(environment),
    async remove() {
      for (const { child } of running) child.kill('SIGKILL');
      await Promise.all(running.map(({ exited }) => exited));
      rmSync(root, { recursive: true });
    },
  };
}
