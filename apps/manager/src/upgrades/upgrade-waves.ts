import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ErrorCode } from '@tidegate/contract-errors';
import type { EntityManager } from 'typeorm';
import { NodeLink, type LiveSession } from '../nodes/index.ts';
import { ChangeFeed, CLOCK, Database, Replica, type Clock } from '../platform/index.ts';
import { channelOf } from '../releases/index.ts';
import { actionOf, type Wanted } from './action-of.ts';
import { CommandDispatch, type Outgoing } from './command-dispatch.ts';
import { insertWave, lockWave, withdrawUpgrades, type WaveNode, type WaveUpgrade } from './persistence/wave-records.ts';
import { judge, type WaveOrder } from './wave-verdict.ts';

/** What became of an order at one node. */
export type WaveAnswer = { readonly nodeId: string } & (
  | { readonly outcome: 'begun'; readonly upgradeId: string; readonly version: string }
  /** It runs the version: nothing was begun. */
  | { readonly outcome: 'already' }
  | { readonly outcome: 'refused'; readonly code: ErrorCode; readonly details: Readonly<Record<string, unknown>> }
);

/** What may be done within the transaction of a wave. */
export interface Wave {
  /** @returns an answer for each of the nodes, once however often it is named. */
  begin(order: WaveOrder, nodeIds: readonly string[]): Promise<readonly WaveAnswer[]>;
  /** Calls off what has not left the manager. @returns the upgrades that ended by it, as `refused` with `upgrade_cancelled`. */
  withdraw(upgradeIds: readonly string[]): Promise<readonly string[]>;
}

/** What is said when the transaction has committed. */
interface Leaving {
  readonly messages: Outgoing[];
  /** Nodes that other replicas hold. */
  readonly elsewhere: string[];
  readonly changed: string[];
}

type Asked = WaveUpgrade & { readonly session: LiveSession | undefined };

/**
 * Upgrades of many nodes at once: the same checks as for one, set by set, in the transaction of whoever decides on them. A refusal of
 * one node is a value and stops no other. Who may ask, and the record of it in the audit trail, are the caller's.
 */
@Injectable()
export class UpgradeWaves {
  constructor(
    private readonly database: Database,
    private readonly link: NodeLink,
    private readonly dispatch: CommandDispatch,
    private readonly changes: ChangeFeed,
    private readonly replica: Replica,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * One transaction; what it began leaves when it has committed: from here to the nodes that are connected here, through the replicas
   * that hold them to the others. At most a thousand nodes in one go: their sessions wait as long as it takes.
   *
   * Sessions are locked, then upgrades, then nodes; rows of the caller's own have to be locked before a wave begins.
   */
  async run<T>(act: (em: EntityManager, wave: Wave) => Promise<T>): Promise<T> {
    const leaving: Leaving = { messages: [], elsewhere: [], changed: [] };
    const result = await this.database.transaction((em) =>
      act(em, {
        begin: (order, nodeIds) => this.begin(em, leaving, order, [...new Set(nodeIds)]),
        withdraw: (upgradeIds) => this.withdraw(em, leaving, upgradeIds),
      }),
    );
    await this.dispatch.sendOff(leaving.messages, leaving.elsewhere);
    this.changes.emit('node', ...leaving.changed);
    return result;
  }

  private async begin(em: EntityManager, leaving: Leaving, order: WaveOrder, nodeIds: readonly string[]): Promise<readonly WaveAnswer[]> {
    if (nodeIds.length === 0) return [];
    const now = this.clock.now();
    const nodes = await lockWave(em, nodeIds, order.action === 'upgrade' ? order.version : null, now);
    const payloads = new Payloads(order);
    const asked = new Map<string, Asked>();
    const answers = new Map<string, WaveAnswer>();
    for (const nodeId of nodeIds) {
      const node = nodes.get(nodeId);
      const verdict = judge(order, node);
      if (verdict.kind === 'begin' && node) asked.set(nodeId, this.askedOf(node, payloads.of(verdict.version)));
      else if (verdict.kind === 'refused') answers.set(nodeId, refused(nodeId, verdict.code, verdict.details));
      else answers.set(nodeId, { nodeId, outcome: 'already' });
    }
    const stored = await this.store(em, order, payloads, [...asked.values()], now);
    for (const [nodeId, { id, version, payload, session }] of asked) {
      if (!stored.has(id)) answers.set(nodeId, refused(nodeId, 'upgrade_in_progress'));
      else {
        answers.set(nodeId, { nodeId, outcome: 'begun', upgradeId: id, version });
        leaving.changed.push(nodeId);
        if (session) leaving.messages.push({ session, text: payloads.message(payload, id, nodeId) });
        else leaving.elsewhere.push(nodeId);
      }
    }
    return nodeIds.flatMap((id) => answers.get(id) ?? []);
  }

  /** The database has the last word: one running upgrade per node, whoever else asks at the same time. */
  private async store(
    em: EntityManager,
    order: WaveOrder,
    payloads: Payloads,
    upgrades: readonly Asked[],
    now: Date,
  ): Promise<Set<string>> {
    if (upgrades.length === 0) return new Set();
    const { action, requestedBy, timeoutSecs } = order;
    const { expectedManifestSha256, retrySkipped } = payloads.pin;
    const deadlineAt = new Date(now.getTime() + timeoutSecs * 1000);
    const terms = { action, expectedManifestSha256, retrySkipped, requestedBy, now, deadlineAt, payloads: payloads.texts };
    return await insertWave(em, upgrades, terms);
  }

  private askedOf({ nodeId, groupId, softwareVersion, replicaId, epoch }: WaveNode, wanted: Numbered): Asked {
    const held = replicaId === this.replica.id ? this.link.sessionOf(nodeId) : undefined;
    const session = held?.epoch === epoch ? held : undefined;
    const { version, channel, payload } = wanted;
    return {
      id: randomUUID(),
      nodeId,
      groupId,
      version,
      channel,
      payload,
      fromVersion: softwareVersion,
      leavesHere: session !== undefined,
      session,
    };
  }

  private async withdraw(em: EntityManager, leaving: Leaving, upgradeIds: readonly string[]): Promise<readonly string[]> {
    const ended = await withdrawUpgrades(em, upgradeIds, 'upgrade_cancelled', this.clock.now());
    leaving.changed.push(...ended.map((upgrade) => upgrade.nodeId));
    return ended.map((upgrade) => upgrade.id);
  }
}

const refused = (nodeId: string, code: ErrorCode, details: Readonly<Record<string, unknown>> = {}): WaveAnswer => ({
  nodeId,
  outcome: 'refused',
  code,
  details,
});

type Numbered = Pick<WaveUpgrade, 'version' | 'channel' | 'payload'>;

/** What the nodes of an order are told, each text written once: they differ in the version a node goes back to, if in anything. */
class Payloads {
  readonly texts: string[] = [];
  private readonly byVersion = new Map<string, Numbered>();

  constructor(private readonly order: WaveOrder) {}

  get pin(): Pick<Wanted, 'expectedManifestSha256' | 'retrySkipped'> {
    return this.order.action === 'upgrade' ? this.order : { expectedManifestSha256: null, retrySkipped: false };
  }

  of(version: string): Numbered {
    const known = this.byVersion.get(version);
    if (known) return known;
    const { action } = this.order;
    const channel = this.order.action === 'upgrade' ? this.order.channel : channelOf(version);
    const { expectedManifestSha256, retrySkipped } = this.pin;
    const numbered = { version, channel, payload: this.texts.length };
    this.texts.push(JSON.stringify(actionOf({ action, version, channel, expectedManifestSha256, retrySkipped })));
    this.byVersion.set(version, numbered);
    return numbered;
  }

  /** A `command` of the wire. Ids are uuids from the database: nothing in them needs escaping. */
  message(payload: number, id: string, nodeId: string): string {
    const { timeoutSecs } = this.order;
    return `{"type":"command","id":"${id}","node_id":"${nodeId}","ttl_secs":${timeoutSecs},"action":${this.texts[payload] ?? ''}}`;
  }
}
