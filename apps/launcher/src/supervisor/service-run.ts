import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

import { guardEnv } from './guard-runner.ts';
import type { LogFile } from './log-file.ts';
import { readNotifyLines } from './notify-lines.ts';
import type { ServiceEvent, ServiceOptions } from './options.ts';
import { killGroup, spawnContained } from './spawn-contained.ts';

const notifyDescriptor = 3;
const defaultStartTimeoutMs = 90_000;
const defaultStopTimeoutMs = 5_000;
const lastWordsMs = 1_000;
const maxStatusLength = 200;

/** One start of the service, from spawn to exit: readiness, watchdog, stop. */
export class ServiceRun {
  /** Resolves when the main process is gone and its group was killed. Never rejects. */
  readonly ended: Promise<void>;
  readonly #options: ServiceOptions;
  readonly #child: ChildProcess;
  readonly #startedMs = performance.now();
  readonly #emit: (event: ServiceEvent) => void;
  #state: 'activating' | 'active' | 'deactivating' | 'inactive' = 'activating';
  #fed = false;
  #deadline: NodeJS.Timeout | undefined;
  #kill: NodeJS.Timeout | undefined;

  constructor(options: ServiceOptions, invocationId: string, log: LogFile, emit: (event: ServiceEvent) => void) {
    this.#options = options;
    this.#emit = emit;
    const notify = options.type === 'notify';
    this.#child = spawnContained(options.execStart, { cwd: options.cwd, env: serviceEnv(options, invocationId), notify });
    this.#child.stdout?.on('data', (chunk: Buffer) => log.write(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => log.write(chunk));
    this.ended = this.#whenEnded();
    if (this.#child.pid === undefined) return;
    emit({ type: 'started', pid: this.#child.pid, invocationId });
    if (!notify) {
      this.#becomeActive();
      return;
    }
    readNotifyLines(this.#child.stdio[notifyDescriptor] as Readable, (key, value) => this.#notified(key, value));
    this.#deadline = setTimeout(() => this.#startTimedOut(), options.startTimeoutMs ?? defaultStartTimeoutMs);
  }

  get state(): 'activating' | 'active' | 'deactivating' | 'inactive' {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#state === 'inactive' ? undefined : this.#child.pid;
  }

  /** SIGTERM, and SIGKILL for the whole group when that does not end it in time. May be called again. */
  stop(signal: 'SIGTERM' | 'SIGABRT' = 'SIGTERM'): void {
    if (this.#state === 'inactive' || this.#state === 'deactivating') return;
    this.#state = 'deactivating';
    clearTimeout(this.#deadline);
    // TERM and ABRT to the main process only: what it started is its own to end first.
    if (this.#child.pid !== undefined) this.#child.kill(signal);
    this.#kill = setTimeout(() => killGroup(this.#child, 'SIGKILL'), this.#options.stopTimeoutMs ?? defaultStopTimeoutMs);
  }

  #notified(key: string, value: string): void {
    if (key === 'READY' && value === '1' && this.#state === 'activating') this.#becomeActive();
    else if (key === 'WATCHDOG' && value === '1' && this.#state === 'active') {
      this.#fed = true;
      this.#armWatchdog();
    } else if (key === 'EXTEND_TIMEOUT_USEC' && this.#state === 'activating') {
      this.#extendStart(Number(value) / 1000);
    } else if (key === 'STATUS') this.#emit({ type: 'status', text: value.slice(0, maxStatusLength) });
  }

  #becomeActive(): void {
    clearTimeout(this.#deadline);
    this.#state = 'active';
    this.#emit({ type: 'ready', afterMs: this.#elapsedMs() });
    if (this.#options.type === 'notify') this.#armWatchdog();
  }

  #armWatchdog(): void {
    clearTimeout(this.#deadline);
    const watchdogMs = this.#options.watchdogMs ?? 0;
    if (watchdogMs === 0) return;
    this.#deadline = setTimeout(() => {
      this.#emit({ type: 'watchdog', fed: this.#fed, afterMs: this.#elapsedMs() });
      this.stop('SIGABRT');
    }, watchdogMs);
  }

  /** As systemd has it: so much from now on, and never less than was left. */
  #extendStart(ms: number): void {
    const left = (this.#options.startTimeoutMs ?? defaultStartTimeoutMs) - this.#elapsedMs();
    if (!(ms > left)) return;
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#startTimedOut(), ms);
  }

  #startTimedOut(): void {
    this.#emit({ type: 'start_timeout', afterMs: this.#elapsedMs() });
    this.stop();
  }

  #whenEnded(): Promise<void> {
    return new Promise((resolve) => {
      const end = (event: ServiceEvent): void => {
        if (this.#state === 'inactive') return;
        this.#state = 'inactive';
        clearTimeout(this.#kill);
        this.#emit(event);
        resolve();
      };
      this.#child.once('error', (error: NodeJS.ErrnoException) => {
        if (this.#child.pid === undefined) end({ type: 'spawn_failed', code: error.code ?? 'unknown' });
      });
      this.#child.once('exit', (code, signal) => {
        this.#state = 'deactivating';
        clearTimeout(this.#deadline);
        clearTimeout(this.#kill);
        killGroup(this.#child, 'SIGKILL');
        // `close` comes when the last words are in the log. A process that left the group may hold the pipe open for ever.
        this.#child.once('close', () => end({ type: 'exited', code, signal }));
        this.#kill = setTimeout(() => end({ type: 'exited', code, signal }), lastWordsMs);
      });
    });
  }

  #elapsedMs(): number {
    return Math.round(performance.now() - this.#startedMs);
  }
}

/** The environment contract of docs/node-disk.md. */
function serviceEnv(options: ServiceOptions, invocationId: string): Readonly<Record<string, string>> {
  const watchdogMs = options.watchdogMs ?? 0;
  return {
    ...options.env,
    ...(options.guard && guardEnv(options.guard)),
    INVOCATION_ID: invocationId,
    ...(options.type === 'notify' && { TIDEGATE_NOTIFY_FD: String(notifyDescriptor) }),
    ...(options.type === 'notify' && watchdogMs > 0 && { WATCHDOG_USEC: String(watchdogMs * 1000) }),
  };
}
