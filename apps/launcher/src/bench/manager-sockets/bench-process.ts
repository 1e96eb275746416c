import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A process that is asked over IPC, one question at a time. */
export class BenchProcess {
  readonly #child: ChildProcess;
  readonly #what: string;

  constructor(what: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#what = what;
    this.#child = spawn(process.execPath, args, {
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The port it says it listens on, when it says so itself. */
  async ready(): Promise<number> {
    return (await this.#next()).ready ?? 0;
  }

  async ask<T = Record<string, number>>(question: string, order: object = {}): Promise<T> {
    const answered = this.#next();
    this.#child.send({ ask: question, ...order });
    return (await answered).answer as T;
  }

  async #next(): Promise<{ ready?: number; answer?: unknown }> {
    const over = new AbortController();
    try {
      return await Promise.race([
        once(this.#child, 'message', { signal: over.signal }).then(([message]) => message as { answer?: unknown }),
        once(this.#child, 'exit', { signal: over.signal }).then(([code, signal]) => {
          throw new Error(`${this.#what} ended (${String(signal ?? code)})`);
        }),
      ]);
    } finally {
      over.abort();
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill(signal);
    await gone;
  }
}
