import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { startScriptedManager, type ScriptedManager } from '@tidegate/adapter-link-ws/testing';
import type { Command, CommandAck } from '@tidegate/contract-protocol';
import { eventually } from '../eventually.ts';
import { CHECKOUT } from '../local-system.ts';
import { linked, readAttempts } from './node-disk.ts';
import { isGroupStopped } from './stopped-processes.ts';
import { VERSIONS, type Build, type Releases } from './releases.ts';

const GUARD = join(CHECKOUT, 'apps/boot-guard/guard');
const PRELOAD = pathToFileURL(join(import.meta.dirname, 'prologues/numbered-fs.mjs')).href;
const SERVICE = 'tidegate-edge';
const MANAGER_ID = '5f4bd1ac-6d0c-4f0a-9f53-1c8c5b8f0c11';
const WINDOW_SECS = 5;
/** A busy machine starts an agent in seconds; one that needs longer than this hangs. */
const STUCK_MS = 60_000;
const STARTS_AT_MOST = 12;
/** Starts further apart than this are not quick ones. */
const BACK_OFF_SECS = 61;
/** Some thousand starts are followed; each would wait for half of a longer one several times. */
const POLL_MS = 15;

/** What numbered-fs.mjs is told; without a mode it only shows the injected clock. */
export interface FaultOrder {
  readonly mode?: string;
  readonly point?: number;
  readonly log?: string;
  readonly every?: number;
  readonly first?: number;
  readonly unsynced?: boolean;
}

export interface AgentEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningAgent {
  readonly child: ChildProcess;
  readonly invocation: string;
  readonly ended: Promise<AgentEnd>;
  end: AgentEnd | undefined;
  said: string;
}

export interface GuardSaid {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A whole node in one folder: the built edge, the real guard, an install root, a manager that speaks its half of the
 * protocol, and a clock that stands still until told otherwise. The caller plays supervisor.
 */
export class CrashNode {
  readonly folder: string;
  readonly build: Build;
  manager!: ScriptedManager;
  /** Added to what guard and agent are started with. */
  env: Record<string, string> = {};
  commandId: string = randomUUID();
  /** Stops a verb of the guard once, with all it runs, so that the disk can be looked at in the middle of it. */
  onGuard: { readonly stopAfterMs: number; readonly stopped: () => void } | undefined;
  #uptimeSecs = 1_000;

  constructor(folder: string, build: Build) {
    this.folder = folder;
    this.build = build;
  }

  get root(): string {
    return join(this.folder, 'root');
  }
  get record(): string {
    return join(this.folder, 'record');
  }
  get target(): string {
    return VERSIONS[this.build];
  }

  /** A node on which the installed version lies, and a token to enrol with. */
  static lay(folder: string, build: Build, releases: Releases, token: string): CrashNode {
    const node = new CrashNode(folder, build);
    for (const name of ['root/versions', 'root/staging', 'root/trial', 'root/identity', 'record', 'run', 'proc/sys/kernel/random']) {
      mkdirSync(join(folder, name), { recursive: true, mode: name === 'root/identity' ? 0o700 : 0o755 });
    }
    cpSync(releases.installedSlot, join(node.root, 'versions', VERSIONS.installed), { recursive: true });
    symlinkSync(`versions/${VERSIONS.installed}`, join(node.root, 'current'));
    symlinkSync(`versions/${VERSIONS.installed}`, join(node.root, 'committed'));
    writeFileSync(join(node.root, 'identity/registration-token'), token, { mode: 0o600 });
    node.boot();
    return node;
  }

  /** An enrolled node that runs the installed version, as an agent left it that was stopped in good order. */
  static async install(folder: string, build: Build, releases: Releases): Promise<CrashNode> {
    const node = CrashNode.lay(folder, build, releases, `tgr_${'a'.repeat(43)}`);
    await node.connect(releases);
    await node.pre();
    const agent = node.start();
    await Promise.race([node.manager.waitFor('health'), agent.ended]);
    await node.stop(agent, 'SIGTERM');
    await node.disconnect();
    return node;
  }

  /** The same node at the same moment, in another folder. Not while it runs. */
  async copy(folder: string, build = this.build): Promise<CrashNode> {
    await promisify(execFile)('cp', ['-a', this.folder, folder]);
    return this.at(folder, build);
  }

  /** The same node, where its folder was copied by other means. */
  at(folder: string, build = this.build): CrashNode {
    const copy = new CrashNode(folder, build);
    copy.commandId = this.commandId;
    copy.#uptimeSecs = this.#uptimeSecs;
    cpSync(`${this.folder}.nodes.json`, `${folder}.nodes.json`);
    // Lies in /run on a real machine.
    rmSync(join(folder, 'run/start'), { force: true });
    return copy;
  }

  /** A manager of its own, and a configuration that names it; enrolments outlive the manager. */
  async connect(releases: Releases): Promise<void> {
    const nodes = `${this.folder}.nodes.json`;
    const known = new Map<string, string>(existsSync(nodes) ? JSON.parse(readFileSync(nodes, 'utf8')) : []);
    this.manager = await startScriptedManager({ managerId: MANAGER_ID, nodes: known });
    this.configure(releases, this.manager.url);
    this.#saveEnrolments = () => writeFileSync(nodes, JSON.stringify([...known]));
  }

  configure(releases: Releases, managerUrl: string): void {
    const config = {
      name: 'crash',
      manager: { url: managerUrl },
      source: { api_base_url: releases.server.url, owner: 'tidegate', repo: SERVICE, allow_loopback_http: true },
      upgrade: {
        enabled: true,
        boot_health_window_secs: WINDOW_SECS,
        min_attempt_interval_secs: 0,
        max_attempts_per_day: 100,
        ...(this.build === 'bad' && { max_boot_attempts: 1 }),
      },
    };
    writeFileSync(join(this.root, 'config.json'), JSON.stringify(config));
  }
  #saveEnrolments = (): void => undefined;
  readonly #agents = new Set<RunningAgent>();

  /** A test that gave up on an agent leaves none behind. */
  async stopAll(): Promise<void> {
    for (const agent of this.#agents) await this.stop(agent);
  }

  async disconnect(): Promise<void> {
    await this.stopAll();
    this.#saveEnrolments();
    await this.manager.close();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(`${this.folder}.nodes.json`, { force: true });
  }

  /** A boot of the machine: another id, and the clock from the start. */
  boot(): void {
    mkdirSync(join(this.folder, 'proc/sys/kernel/random'), { recursive: true });
    writeFileSync(join(this.folder, 'proc/sys/kernel/random/boot_id'), `${randomUUID()}\n`);
    this.#setUptime(1_000);
  }

  pre(): Promise<GuardSaid> {
    return this.guard('pre');
  }

  judge(agent: RunningAgent | null): Promise<GuardSaid> {
    const state = agent === null ? 'inactive' : 'active';
    return this.guard('judge', { TIDEGATE_ACTIVE_STATE: state, TIDEGATE_INVOCATION_ID: agent?.invocation ?? '' });
  }

  async guard(verb: 'pre' | 'judge', env: Record<string, string> = {}): Promise<GuardSaid> {
    // A group of its own, so that a shim can kill the guard and all it runs at once.
    const child = spawn(GUARD, [verb, SERVICE], { env: { ...this.#env(), ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const timer = this.onGuard && setTimeout(() => this.#stopGuard(child.pid), this.onGuard.stopAfterMs);
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    clearTimeout(timer);
    return { code, stdout: stdout.trim(), stderr };
  }

  #stopGuard(pid: number | undefined): void {
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGSTOP');
    } catch {
      return; // It has just ended.
    }
    while (!isGroupStopped(pid));
    this.onGuard?.stopped();
    process.kill(-pid, 'SIGCONT');
  }

  /** Starts what the guard says is to be started. `through` is put before the program, e.g. strace. */
  start(order: FaultOrder = {}, through: readonly string[] = []): RunningAgent {
    const invocation = randomUUID().replaceAll('-', '');
    const told = { ...order, ...(order.mode !== undefined && { folder: this.root }), proc: join(this.folder, 'proc') };
    const env = { ...this.#env(), INVOCATION_ID: invocation, NODE_OPTIONS: `--import=${PRELOAD}`, TIDEGATE_CRASH: JSON.stringify(told) };
    const [program = '', ...args] = [...through, join(this.folder, 'run/start/bin', SERVICE), 'run'];
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const agent: RunningAgent = {
      child,
      invocation,
      ended: endOf(child),
      end: undefined,
      said: '',
    };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (agent.said += chunk.toString()));
    this.#agents.add(agent);
    void agent.ended.then((end) => {
      agent.end = end;
      this.#agents.delete(agent);
    });
    return agent;
  }

  async stop(agent: RunningAgent, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    agent.child.kill(signal);
    await agent.ended;
  }

  /** As a manager does: sends the command again in every session until it was acknowledged. */
  offer(sentIn: { session?: number }): void {
    const sessions = this.manager.heard.filter((message) => message.type === 'auth' && message.intent === 'session').length;
    if (this.manager.sessions === 0 || sentIn.session === sessions || this.ack() !== undefined) return;
    sentIn.session = sessions;
    this.manager.send({
      type: 'command',
      id: this.commandId,
      node_id: this.manager.heard.find((message) => message.type === 'auth')?.node_id,
      ttl_secs: 3_600,
      action: { kind: 'upgrade_binary', version: this.target, channel: 'stable' },
    } as Command);
  }

  ack(): CommandAck | undefined {
    return this.manager.heard.find((message): message is CommandAck => message.type === 'command_ack' && message.id === this.commandId);
  }

  /** The node said that its disk cannot even take the command down: then there is no attempt to end, and the manager knows why. */
  refusedByDisk(): boolean {
    const ack = this.ack();
    return ack?.accepted === false && ['upgrade_disk_full', 'upgrade_storage_error'].includes(ack.error_code);
  }

  /** Commanded, ended, and no trial open: there is nothing left to wait for. */
  settled(): boolean {
    const { attempt, history } = readAttempts(this.root);
    const ended = history.some(({ commandId }) => commandId === this.commandId) || this.refusedByDisk();
    return !existsSync(join(this.record, 'trial')) && attempt === null && ended;
  }

  /**
   * Follows one start: hands over the command, lets the clock pass when the candidate has said what it can, and asks the
   * guard to judge. Ends when the agent did, or when `enough` says so.
   */
  async follow(agent: RunningAgent, enough = (): boolean => this.settled()): Promise<'ended' | 'enough'> {
    const sentIn = {};
    let passed = false;
    return await eventually(
      () => `the end of a start (${agent.said.slice(-500)})`,
      STUCK_MS,
      async () => {
        if (agent.end !== undefined) return 'ended';
        if (enough()) return 'enough';
        this.offer(sentIn);
        if (!existsSync(join(this.record, 'trial'))) return undefined;
        if (this.#startsCommitted() || linked(this.root, 'current') !== this.target) {
          // A guard that has taken the node back, and could not close its record, asks for one more start: it cannot know who runs.
          const { code } = await this.judge(agent);
          if (code !== 10) return undefined;
          await this.stop(agent);
          return 'ended';
        }
        const said = this.testimony();
        if (said['invocation'] !== agent.invocation || said['authenticated'] !== '1' || said['ready'] !== '1') return undefined;
        if (!passed) {
          passed = true;
          this.#setUptime(this.#uptimeSecs + WINDOW_SECS + 1);
        }
        if (Number(said['beat_uptime'] ?? 0) < this.#uptimeSecs) return undefined;
        const { code } = await this.judge(agent);
        if (code !== 10) return undefined;
        await this.stop(agent);
        return 'ended';
      },
      POLL_MS,
    );
  }

  /** Everything from here on is in good order: starts again and again, as a supervisor does, until nothing is left to wait for. */
  async recover(): Promise<void> {
    let said = '';
    for (let start = 0; start < STARTS_AT_MOST; start += 1) {
      // The guard would wait ever longer before starting what keeps ending.
      if (!existsSync(join(this.record, 'trial'))) this.#setUptime(this.#uptimeSecs + BACK_OFF_SECS);
      const { code, stderr } = await this.pre();
      said += stderr;
      // A supervisor starts nothing that the guard did not let pass.
      if (code !== 0) continue;
      const agent = this.start();
      const beats = this.#beats();
      // A start that finds everything settled must still show that it runs.
      const how = await this.follow(
        agent,
        () => (this.settled() || (this.#startsCommitted() && !existsSync(join(this.record, 'trial')))) && this.#beats() > beats,
      );
      said += agent.said;
      if (how === 'ended') continue;
      if (!this.settled()) {
        // After ten minutes it asks for this by itself.
        await this.stop(agent, 'SIGTERM');
        continue;
      }
      // The guard serves prune requests when no trial is open.
      await this.judge(agent);
      await this.stop(agent, 'SIGTERM');
      return;
    }
    throw new Error(`not settled after ${STARTS_AT_MOST} starts: ${said.slice(-2_000)}`);
  }

  /** The guard could not count a start: the committed version was started though `current` names another. */
  #startsCommitted(): boolean {
    const link = join(this.folder, 'run/start');
    return existsSync(link) && readlinkSync(link) === join(this.root, 'committed');
  }

  #beats(): number {
    return this.manager.heard.filter(({ type }) => type === 'health').length;
  }

  testimony(): Readonly<Record<string, string>> {
    const file = join(this.root, 'trial/testimony');
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, key, value]) => [key, value]));
  }

  #setUptime(uptimeSecs: number): void {
    this.#uptimeSecs = uptimeSecs;
    writeFileSync(join(this.folder, 'proc/uptime'), `${uptimeSecs}.00 1.00\n`);
  }

  #env(): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      TIDEGATE_NODE: process.execPath,
      TIDEGATE_ROOT: this.root,
      TIDEGATE_GUARD_DIR: this.record,
      TIDEGATE_RUN_DIR: join(this.folder, 'run'),
      TIDEGATE_PROC: join(this.folder, 'proc'),
      TIDEGATE_INIT: 'caller',
      TIDEGATE_SEAL: 'off',
      ...this.env,
    };
  }
}

/** Also of a program that could not be started, because the guard could not say which: as for a supervisor, that start is over. */
function endOf(child: ChildProcess): Promise<AgentEnd> {
  return new Promise((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}
