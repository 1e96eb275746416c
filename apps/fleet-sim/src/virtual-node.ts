import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { AttemptState, EventName, NodeEvent } from '@tidegate/contract-events';
import type { FromManager } from '@tidegate/contract-protocol';
import type { WebSocket } from 'ws';
import { attemptScript, type Step } from './attempt-script.ts';
import { behaviourOf, type FaultRates } from './faults.ts';
import type { Identity } from './identity.ts';
import { backoffMs, openSocket, say, type Said } from './node-socket.ts';
import type { Tally } from './tally.ts';

type Command = Extract<FromManager, { type: 'command' }>;

export interface NodeOptions {
  readonly name: string;
  readonly deviceType: string;
  /** Managers to go to, in turn, as a load balancer would send it. */
  readonly urls: readonly string[];
  readonly version: string;
  readonly rates: FaultRates;
  readonly stepMs: number;
  readonly token: () => string | undefined;
  /** Uniform in [0, 1). */
  readonly draw: () => number;
}

interface Attempt {
  readonly id: string;
  readonly command: Command;
  readonly fromVersion: string;
  readonly toVersion: string;
  readonly channel: string;
  state: AttemptState;
}

/** One node as the manager sees it. It holds no files and runs no code; it does what an attempt looks like from outside. */
export class VirtualNode {
  private socket: WebSocket | undefined;
  private live = false;
  private failures = 0;
  private turns: number;
  private beats = 0;
  private beatTimer: NodeJS.Timeout | undefined;
  private runId = randomUUID();
  private running: string;
  private committed: string;
  private inTrial = false;
  private attempt: Attempt | undefined;
  private readonly unacknowledged: NodeEvent[] = [];
  /** Away on purpose; a connection is opened again by whoever sent it away. */
  private away = false;
  private readonly end = new AbortController();

  private readonly identity: Identity;
  private readonly options: NodeOptions;
  private readonly tally: Tally;

  constructor(identity: Identity, options: NodeOptions, tally: Tally) {
    [this.identity, this.options, this.tally] = [identity, options, tally];
    this.running = this.committed = options.version;
    this.turns = Math.floor(options.draw() * options.urls.length);
  }

  connect(): void {
    if (this.away || this.end.signal.aborted) return;
    const url = this.options.urls[this.turns++ % this.options.urls.length] ?? '';
    const { name, deviceType, token } = this.options;
    const self = { name, deviceType, version: this.running, inTrial: this.inTrial, runId: this.runId };
    const socket = openSocket(url, this.identity, self, token, {
      live: (settings) => this.becomeLive(settings.beat_interval_secs * 1000),
      message: (message) => this.hear(message),
      closed: () => {
        if (this.socket === socket) this.leave();
      },
    });
    this.socket = socket;
  }

  stop(): void {
    this.end.abort();
    this.socket?.terminate();
    this.leave();
  }

  private becomeLive(beatMs: number): void {
    this.live = true;
    this.failures = 0;
    this.tally.live += 1;
    this.tally.sessions += 1;
    this.beat();
    for (const event of this.unacknowledged) this.say({ type: 'event', event });
    this.beatTimer = setInterval(() => this.beat(), beatMs * (0.9 + this.options.draw() / 5));
  }

  private leave(): void {
    if (this.live) this.tally.live -= 1;
    this.live = false;
    this.socket = undefined;
    clearInterval(this.beatTimer);
    if (this.away || this.end.signal.aborted) return;
    const delayMs = backoffMs(this.failures++, this.options.draw());
    void this.pause(delayMs).then(
      () => this.socket ?? this.connect(),
      () => {},
    );
  }

  private pause(ms: number): Promise<void> {
    return wait(ms, undefined, { signal: this.end.signal });
  }

  private say(message: Said): void {
    if (this.socket && this.live) say(this.socket, message);
  }

  private hear(message: FromManager): void {
    if (message.type === 'event_ack') {
      while ((this.unacknowledged[0]?.seq ?? Infinity) <= message.seq) this.unacknowledged.shift();
    } else if (message.type === 'command') this.obey(message);
  }

  private obey(command: Command): void {
    this.tally.commands += 1;
    const refuse = (code: string): void =>
      this.say({ type: 'command_ack', id: command.id, accepted: false, error_code: code, details: {} });
    const accept = (): void => this.say({ type: 'command_ack', id: command.id, accepted: true, attempt_id: null });
    if (this.identity.executed.has(command.id)) {
      this.tally.repeated += 1;
      return accept();
    }
    if (command.action.kind !== 'upgrade_binary') return refuse('command_unknown');
    if (this.attempt) return refuse('upgrade_in_progress');
    const behaviour = behaviourOf(this.options.rates, this.options.draw());
    if (behaviour === 'refuse') {
      this.tally.refused += 1;
      return refuse('upgrade_disabled');
    }
    this.identity.executed.add(command.id);
    this.tally.executed += 1;
    const { version: toVersion, channel } = command.action;
    this.attempt = { id: randomUUID(), command, fromVersion: this.running, toVersion, channel, state: 'accepted' };
    accept();
    this.follow(attemptScript(behaviour, this.options.stepMs), this.attempt).catch((error: unknown) => {
      if (!this.end.signal.aborted) throw error;
    });
  }

  private async follow(script: readonly Step[], attempt: Attempt): Promise<void> {
    for (const step of script) await this.take(step, attempt);
    this.attempt = undefined;
    this.beat();
  }

  private async take(step: Step, attempt: Attempt): Promise<void> {
    switch (step.do) {
      case 'move':
        attempt.state = step.to;
        this.beat();
        return await this.pause(step.afterMs);
      case 'report':
        return this.report(step.event, attempt, step.code);
      case 'respawn':
        this.running = step.as === 'candidate' ? attempt.toVersion : this.committed;
        this.inTrial = step.as === 'candidate';
        this.runId = randomUUID();
        return await this.dropFor(step.downMs);
      case 'drop':
        return await this.dropFor(step.downMs);
      case 'vanish':
        this.tally.vanished += 1;
        return this.stop();
      case 'claim':
        this.running = this.committed = attempt.toVersion;
        return this.beat();
      case 'commit':
        this.committed = this.running;
        this.inTrial = false;
    }
  }

  private async dropFor(ms: number): Promise<void> {
    this.away = true;
    this.socket?.terminate();
    await this.pause(ms);
    this.away = false;
    if (!this.socket) this.connect();
  }

  private report(name: EventName, attempt: Attempt, code?: string): void {
    if (name === 'upgrade_completed') this.tally.committed += 1;
    if (name === 'upgrade_rolled_back') this.tally.rolledBack += 1;
    if (name === 'upgrade_failed') this.tally.failed += 1;
    const event: NodeEvent = {
      id: randomUUID(),
      spool_id: this.identity.spoolId,
      seq: this.identity.nextSeq++,
      name,
      severity: 'info',
      at: new Date().toISOString(),
      details: {
        attempt_id: attempt.id,
        command_id: attempt.command.id,
        from_version: attempt.fromVersion,
        to_version: attempt.toVersion,
        channel: attempt.channel,
        arch: 'x64',
        variant: 'thin',
        ...(code !== undefined && { error_code: code }),
      },
    };
    this.unacknowledged.push(event);
    this.say({ type: 'event', event });
  }

  private beat(): void {
    const { attempt } = this;
    const shown = attempt && {
      id: attempt.id,
      command_id: attempt.command.id,
      kind: 'upgrade',
      state: attempt.state,
      from_version: attempt.fromVersion,
      to_version: attempt.toVersion,
    };
    this.say({
      type: 'health',
      beat: ++this.beats,
      run_id: this.runId,
      boot_id: 'simulated',
      uptime_secs: Math.floor(process.uptime()),
      software_version: this.running,
      committed_version: this.committed,
      previous_version: null,
      manifest_sha256: null,
      restarts: 0,
      checks: [],
      capabilities: ['upgrade'],
      attempt: shown ?? null,
      trial: this.inTrial && attempt ? { attempt: attempt.id } : null,
      guard_version: '1',
      unit_version: null,
      trust_fingerprint: 'a'.repeat(64),
      trust_purpose: 'test',
      highest_sequence: 0,
      version_floor: null,
      disk: { free_bytes: 1_000_000_000, total_bytes: 2_000_000_000 },
    });
  }
}
