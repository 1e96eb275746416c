import { createHash, randomUUID } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { startScriptedManager, type ScriptedManager, type ScriptedManagerOptions } from '@tidegate/adapter-link-ws/testing';
import type { Auth } from '@tidegate/contract-protocol';
import { eventually } from '../eventually.ts';
import { GuardedEdge } from './guarded-edge.ts';
import { REPOSITORY, startRogueSource, type RogueSource } from './rogue-source.ts';

const TOKEN = `tgr_${'t'.repeat(43)}`;
const SETTLE_MS = 20_000;

/** How the node met a command: where its code came from, and what it said beside it. */
export interface Met {
  readonly code: string;
  readonly by: 'ack' | 'upgrade_failed' | 'upgrade_refused' | 'upgrade_rolled_back' | 'upgrade_completed';
  readonly details: Readonly<Record<string, unknown>>;
}

export interface AttackOptions {
  /** Over a policy that is open wide, so that nothing but the trust rules stands in the way. */
  readonly policy?: object;
  readonly manager?: ScriptedManagerOptions;
}

/** One real node whose manager and release source are both in the attacker's hands. */
export class NodeUnderAttack {
  readonly edge: GuardedEdge;
  readonly source: RogueSource;
  readonly nodes = new Map<string, string>();
  manager: ScriptedManager;

  private constructor(edge: GuardedEdge, source: RogueSource, manager: ScriptedManager, nodes: Map<string, string>) {
    this.edge = edge;
    this.source = source;
    this.manager = manager;
    this.nodes = nodes;
  }

  static async start(slot: string, { policy = {}, manager: options = {} }: AttackOptions = {}): Promise<NodeUnderAttack> {
    const nodes = new Map<string, string>();
    const [source, manager] = await Promise.all([startRogueSource(), startScriptedManager({ nodes, ...options })]);
    const config = {
      manager: { url: manager.url },
      source: { api_base_url: source.url, ...REPOSITORY, allow_loopback_http: true },
      upgrade: { enabled: true, boot_health_window_secs: 5, min_attempt_interval_secs: 0, max_attempts_per_day: 1000, ...policy },
    };
    const node = new NodeUnderAttack(new GuardedEdge(slot, config, TOKEN), source, manager, nodes);
    node.edge.start();
    return node;
  }

  get nodeId(): Auth['node_id'] {
    return [...this.nodes.keys()][0] as Auth['node_id'];
  }

  command(action: object = {}, change: object = {}): { readonly id: string } {
    return {
      type: 'command',
      id: randomUUID(),
      node_id: this.nodeId,
      ttl_secs: 60,
      action: { kind: 'upgrade_binary', version: '1.1.0', channel: 'stable', ...action },
      ...change,
    } as { readonly id: string };
  }

  /** Sends it as it is and waits for the end of what comes of it. */
  async meet(command: { readonly id: string }): Promise<Met> {
    this.manager.send(command as never);
    const ack = await this.manager.waitFor('command_ack', (message) => message.id === command.id);
    if (!ack.accepted) return { code: ack.error_code, by: 'ack', details: ack.details };
    const { event } = await this.manager.waitFor(
      'event',
      (message) =>
        message.event.details['command_id'] === command.id && /_(failed|refused|rolled_back|completed)$/.test(message.event.name),
    );
    return { code: String(event.details['error_code'] ?? 'none'), by: event.name as Met['by'], details: event.details };
  }

  /** It has beaten, and made all that a start makes: the local API comes last. */
  async serves(): Promise<void> {
    await this.manager.waitFor('health');
    await this.servesLocally();
  }

  async servesLocally(): Promise<void> {
    await eventually('the local API', SETTLE_MS, () => (existsSync(join(this.edge.root, 'run/agent.sock')) ? true : undefined));
  }

  /** The same, since now. */
  async answers(): Promise<void> {
    this.manager.forget();
    await this.serves();
  }

  /** The same, once the attempt is over and the agent that took it over again beats. */
  async settles(): Promise<void> {
    await this.answers();
    await eventually('an end of the attempt', SETTLE_MS, () => (this.state().attempt === null ? true : undefined));
  }

  state(): { readonly attempt: unknown; readonly history: readonly unknown[] } & Readonly<Record<string, unknown>> {
    return JSON.parse(readFileSync(join(this.edge.root, 'state.json'), 'utf8').split('\n')[0] ?? '') as never;
  }

  /** All of the node that no attack may change: links, slots, what it has learned, policy, identity, the guard's verdict. */
  standing(): object {
    const { root } = this.edge;
    const { floor, revoked, statements, highestCommitted, highestSequence, skipList } = this.state();
    return {
      links: ['current', 'committed', 'previous'].map((name) => linkOf(join(root, name))),
      slots: treeDigest(join(root, 'versions')),
      staging: readdirSync(join(root, 'staging')),
      learned: { floor, revoked, statements, highestCommitted, highestSequence, skipList },
      config: readFileSync(join(root, 'config.json'), 'utf8'),
      identity: treeDigest(join(root, 'identity')),
      entries: readdirSync(root)
        .filter((name) => !UNDER_WAY.test(name))
        .sort(),
    };
  }

  async remove(): Promise<void> {
    await this.edge.remove();
    await Promise.all([this.manager.close(), this.source.close()]);
  }
}

/** A file that is renamed to its name a moment later: the agent writes its state whenever it likes. Crash points see what stays. */
const UNDER_WAY = /^\.[0-9a-f]{12}\.tmp$/;

const linkOf = (path: string): string | null => (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : null);

/** Names, modes, links and bytes of everything below, as one digest. */
export function treeDigest(folder: string): string {
  const digest = createHash('sha256');
  const walk = (path: string): void => {
    const stat = lstatSync(path);
    digest.update(`${path.slice(folder.length)} ${stat.mode} ${stat.isSymbolicLink() ? readlinkSync(path) : stat.size}\n`);
    if (stat.isDirectory()) for (const name of readdirSync(path).sort()) walk(join(path, name));
    else if (stat.isFile()) digest.update(readFileSync(path));
  };
  if (existsSync(folder)) walk(folder);
  return digest.digest('hex');
}
