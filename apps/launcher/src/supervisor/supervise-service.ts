import { randomBytes } from 'node:crypto';

import { GuardRunner } from './guard-runner.ts';
import { LogFile } from './log-file.ts';
import type { ActiveState, ServiceEvent, ServiceOptions } from './options.ts';
import { ServiceRun } from './service-run.ts';
import { nextDelayMs } from './start-limit.ts';

const defaultRestartDelayMs = 100;
const defaultJudgeIntervalMs = 1_000;
const startsKept = 100;

export interface SupervisedService {
  readonly name: string;
  readonly state: ActiveState;
  /** Of the main process; undefined while there is none. */
  readonly pid: number | undefined;
  /** systemctl restart: ends the run and starts again without a delay. Does nothing once stopped. */
  restart(): void;
  /** systemctl stop: resolves when the process and everything it started are gone. May be called again. */
  stop(): Promise<void>;
}

/**
 * Starts a service and keeps it running (Restart=always) until `stop`, as systemd does with the shipped unit, on machines that
 * have no systemd. Its processes die with this one, however it dies.
 */
export function superviseService(options: ServiceOptions): SupervisedService {
  return new Supervision(options);
}

class Supervision implements SupervisedService {
  readonly #options: ServiceOptions;
  readonly #log: LogFile;
  readonly #guard: GuardRunner | undefined;
  readonly #startedAtMs: number[] = [];
  readonly #done: Promise<void>;
  readonly #judgeTimer: NodeJS.Timeout | undefined;
  #run: ServiceRun | undefined;
  #judging: Promise<void> | undefined;
  #invocationId = '';
  #stopping = false;
  #restartAsked = false;
  #cutDelay: () => void = () => undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#log = new LogFile(options.log.file, options.log.maxBytes);
    if (options.guard) {
      this.#guard = new GuardRunner(options.name, options.guard, options.env, this.#log);
      this.#judgeTimer = setInterval(() => this.#judgeWhenDue(), options.guard.judgeIntervalMs ?? defaultJudgeIntervalMs);
    }
    this.#done = this.#keepRunning();
  }

  get name(): string {
    return this.#options.name;
  }

  get state(): ActiveState {
    if (this.#run && this.#run.state !== 'inactive') return this.#run.state;
    return this.#stopping ? 'inactive' : 'activating';
  }

  get pid(): number | undefined {
    return this.#run?.pid;
  }

  restart(): void {
    if (this.#stopping) return;
    this.#cutDelay();
    // Without a run a start is under way already, and it will see whatever the restart is for.
    if (!this.#run) return;
    this.#restartAsked = true;
    this.#run.stop();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#judgeTimer);
    this.#guard?.kill();
    this.#cutDelay();
    this.#run?.stop();
    await this.#done;
  }

  async #keepRunning(): Promise<void> {
    while (!this.#stopping) {
      this.#restartAsked = false;
      this.#startedAtMs.push(performance.now());
      this.#startedAtMs.splice(0, this.#startedAtMs.length - startsKept);
      // Not in the caller's turn: it has to hold the handle before it hears an event.
      await Promise.resolve();
      await this.#startOnce();
      if (!this.#stopping) await this.#delay();
    }
    this.#emit({ type: 'stopped' });
  }

  async #startOnce(): Promise<void> {
    this.#invocationId = randomBytes(16).toString('hex');
    if (this.#guard) {
      const end = await this.#guard.pre(this.#invocationId);
      this.#emitVerdict();
      if (this.#stopping) return;
      if (end.code !== 0) return this.#emit({ type: 'pre_failed', ...end });
    }
    if (this.#stopping) return;
    this.#run = new ServiceRun(this.#options, this.#invocationId, this.#log, (event) => this.#emit(event));
    await this.#run.ended;
    this.#run = undefined;
    // A judge that still runs would hold the lock for as long as its probe takes; what it decided is finished by `pre`.
    this.#guard?.kill();
    await this.#judging;
  }

  async #delay(): Promise<void> {
    const { restartDelayMs = defaultRestartDelayMs, startLimit } = this.#options;
    const delayMs = this.#restartAsked ? 0 : nextDelayMs(this.#startedAtMs, performance.now(), restartDelayMs, startLimit);
    this.#emit({ type: 'restarting', delayMs });
    if (this.#stopping || this.#restartAsked) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#cutDelay = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#cutDelay = () => undefined;
  }

  #judgeWhenDue(): void {
    // Between two runs the next `pre` decides; a judge there would only compete for the lock.
    if (this.#judging || !this.#run || this.#run.state === 'deactivating' || !this.#guard?.due()) return;
    this.#judging = this.#judge(this.#guard, this.#invocationId).finally(() => {
      this.#judging = undefined;
    });
  }

  async #judge(guard: GuardRunner, invocationId: string): Promise<void> {
    const restart = await guard.judge(this.state, invocationId);
    this.#emitVerdict();
    if (restart) this.restart();
  }

  #emitVerdict(): void {
    const verdict = this.#guard?.verdict();
    if (verdict) this.#emit(verdict);
  }

  #emit(event: ServiceEvent): void {
    this.#options.onEvent?.(event);
  }
}
