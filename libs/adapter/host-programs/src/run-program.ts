import { spawn, type ChildProcess } from 'node:child_process';
import { isAbsolute, join } from 'node:path';

/** All that a program of a release is given of the agent's environment. Tokens and passwords of the unit are not for it. */
export interface ProgramEnvironment {
  readonly PATH: string;
  readonly HOME: string;
  readonly LANG: string;
  /** Only names docs/manifest-programs.md lists. */
  readonly [name: `TIDEGATE_${string}`]: string;
}

export type ProgramEnd =
  | { readonly how: 'exit'; readonly status: number }
  | { readonly how: 'signal'; readonly signal: string }
  | { readonly how: 'time limit' }
  | { readonly how: 'not started'; readonly errno: string };

export interface ProgramOptions {
  readonly argv: readonly string[];
  /** argv[0] without a leading slash is a file of this slot; it is also the working directory. */
  readonly slotFolder: string;
  readonly environment: ProgramEnvironment;
  readonly timeoutMs: number;
  /** `journal`: both outputs go to this process's standard error, which the supervisor keeps. */
  readonly output: 'journal' | 'none';
}

/**
 * Runs a program to its end, with nothing on its standard input and without a shell. At the time limit the whole process group
 * is killed: what a program leaves behind must not go on changing data that are about to be given back. Never throws.
 */
export function runProgram(options: ProgramOptions): Promise<ProgramEnd> {
  const { argv, slotFolder, environment, timeoutMs } = options;
  const [name = '', ...rest] = argv;
  const output = options.output === 'journal' ? 2 : 'ignore';
  let child: ChildProcess;
  try {
    child = spawn(isAbsolute(name) ? name : join(slotFolder, name), rest, {
      cwd: slotFolder,
      env: { ...environment },
      detached: true,
      stdio: ['ignore', output, output],
    });
  } catch (error) {
    return Promise.resolve({ how: 'not started', errno: errnoOf(error) });
  }
  return new Promise((resolve) => {
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      killGroup(child);
    }, timeoutMs);
    const end = (how: ProgramEnd): void => {
      clearTimeout(limit);
      // Also after a good end: a child it forked would outlive its time limit.
      killGroup(child);
      resolve(how);
    };
    child.once('error', (error) => end({ how: 'not started', errno: errnoOf(error) }));
    child.once('exit', (status, signal) =>
      end(late ? { how: 'time limit' } : status !== null ? { how: 'exit', status } : { how: 'signal', signal: signal ?? 'unknown' }),
    );
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}

const errnoOf = (error: unknown): string => {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : 'unknown';
};
