import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { VerdictWatch } from './guard-verdict.ts';
import type { LogFile } from './log-file.ts';
import type { ActiveState, GuardOptions, GuardVerdict } from './options.ts';
import { killGroup, spawnContained } from './spawn-contained.ts';

/** Exit code of `guard judge` that asks its caller to restart the service. */
const restartAsked = 10;

export interface GuardEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs the boot guard as systemd's ExecStartPre and timer would, one verb at a time. */
export class GuardRunner {
  readonly #name: string;
  readonly #options: GuardOptions;
  readonly #env: Readonly<Record<string, string>>;
  readonly #log: LogFile;
  readonly #verdicts: VerdictWatch;
  #running: ChildProcess | undefined;

  constructor(name: string, options: GuardOptions, env: Readonly<Record<string, string>>, log: LogFile) {
    this.#name = name;
    this.#options = options;
    this.#log = log;
    // One user runs the guard and the service here, so there is nobody to seal the slots against.
    this.#env = { ...env, ...guardEnv(options), TIDEGATE_INIT: 'caller', TIDEGATE_SEAL: 'off' };
    this.#verdicts = new VerdictWatch(options.guardDir);
  }

  async pre(invocationId: string): Promise<GuardEnd> {
    return this.#run('pre', { INVOCATION_ID: invocationId });
  }

  /** True when there is something for `judge` to do. */
  due(): boolean {
    return existsSync(join(this.#options.guardDir, 'trial')) || existsSync(join(this.#options.root, 'trial', 'prune'));
  }

  /** @returns true when the guard asks for a restart */
  async judge(state: ActiveState, invocationId: string): Promise<boolean> {
    const end = await this.#run('judge', { TIDEGATE_ACTIVE_STATE: state, TIDEGATE_INVOCATION_ID: invocationId });
    return end.code === restartAsked;
  }

  /** The verdict that fell since the last call, if any. */
  verdict(): GuardVerdict | undefined {
    return this.#verdicts.next();
  }

  /** Ends a verb that is running, e.g. a `pre` that backs off. Every step of the guard can run again. */
  kill(): void {
    if (this.#running !== undefined) killGroup(this.#running, 'SIGKILL');
  }

  #run(verb: 'pre' | 'judge', env: Readonly<Record<string, string>>): Promise<GuardEnd> {
    const child = spawnContained([...this.#options.command, verb, this.#name], { env: { ...this.#env, ...env }, notify: false });
    this.#running = child;
    // Once a second for the length of a trial: what it holds for is not logged, only what it does (on standard error).
    child.stdout?.resume();
    child.stderr?.on('data', (chunk: Buffer) => this.#log.write(chunk));
    return new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.#running = undefined;
        resolve({ code, signal });
      };
      child.once('error', () => end(null, null));
      child.once('exit', end);
    });
  }
}

/** What guard and service both know of the install. */
export function guardEnv(options: GuardOptions): Readonly<Record<string, string>> {
  return { TIDEGATE_ROOT: options.root, TIDEGATE_GUARD_DIR: options.guardDir, TIDEGATE_RUN_DIR: options.runDir };
}
