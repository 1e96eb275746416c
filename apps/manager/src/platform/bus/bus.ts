import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Log } from '../log.ts';
import { Replica } from '../replica.ts';
import { BUS_TRANSPORT, LOG } from '../tokens.ts';
import { parseNotice, Waiting, type Ids } from './notice.ts';

/**
 * `node`: what is shown of a node changed. `event`: the last position of events. `command`: nodes for which something
 * waits to be sent. `session`: nodes that have authenticated anew, here or elsewhere. `access`: users whose rights or
 * credentials changed. `standing`: nodes that were revoked, removed or moved, or are to change their key. `rollout`: somebody asked
 * something of a rollout.
 */
export type Topic = 'node' | 'event' | 'command' | 'session' | 'access' | 'standing' | 'rollout';
const TOPICS: readonly Topic[] = ['node', 'event', 'command', 'session', 'access', 'standing', 'rollout'];

/** After a notice the next ones gather for as long: in a storm of changes each would be a statement of its own. */
const GATHER_MS = 20;

export type Heard = (ids: Ids, from: 'here' | 'elsewhere') => void;

/** How notices travel between replicas: LISTEN/NOTIFY here; a broker where a fleet outgrows one database's notifications. */
export interface BusTransport {
  /**
   * @param received for every payload of another replica, and of this one if they come back.
   * @param gap when payloads may have been missed, also before the first one.
   */
  open(received: (payload: string) => void, gap: () => void): void;
  /** Rejects when some of them may not have been sent. */
  send(payloads: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Tells every replica what changed, after the commit that changed it. It may lose a notice, repeat one and deliver late:
 * nothing may depend on it but speed. This replica hears its own at once, without the way through the database.
 *
 * Notices collect while the last ones are being sent: a burst becomes few statements, and never part of the transaction
 * that caused it, because a notifying commit takes a lock that is one for the whole database.
 */
@Injectable()
export class Bus implements OnModuleInit, OnApplicationShutdown {
  private readonly listeners = new Map<string, Heard[]>();
  private waiting = new Map<Topic, Waiting>();
  private sending: Promise<void> | undefined;

  constructor(
    @Inject(BUS_TRANSPORT) private readonly transport: BusTransport,
    private readonly replica: Replica,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.transport.open(
      (payload) => this.receive(payload),
      () => this.catchUp(),
    );
  }

  listen(topic: Topic, heard: Heard): void {
    const known = this.listeners.get(topic);
    if (known) known.push(heard);
    else this.listeners.set(topic, [heard]);
  }

  publish(topic: Topic, ids: Ids): void {
    if (ids?.length === 0) return;
    this.tell(topic, ids, 'here');
    this.put(topic, ids);
    this.sending ??= this.sendAll();
  }

  /** The goodbyes of this replica's nodes are the last that others hear of it. */
  async onApplicationShutdown(): Promise<void> {
    await this.sending;
    await this.transport.close();
  }

  private tell(topic: string, ids: Ids, from: 'here' | 'elsewhere'): void {
    for (const heard of this.listeners.get(topic) ?? []) heard(ids, from);
  }

  private put(topic: Topic, ids: Ids): void {
    let waiting = this.waiting.get(topic);
    if (!waiting) this.waiting.set(topic, (waiting = new Waiting()));
    waiting.add(ids);
  }

  private receive(payload: string): void {
    // PostgreSQL gives everybody everything: most of what comes to a busy replica is its own.
    if (payload.startsWith(JSON.stringify([this.replica.id]).slice(0, -1))) return;
    const notice = parseNotice(payload);
    if (!notice) return this.log.debug('a notice that no replica sends');
    const [, topic, ids] = notice;
    this.tell(topic, ids, 'elsewhere');
  }

  /** What others said meanwhile is lost for us, what we said for them. */
  private catchUp(): void {
    for (const topic of TOPICS) this.tell(topic, null, 'elsewhere');
    if (this.waiting.size > 0) this.sending ??= this.sendAll();
  }

  private async sendAll(): Promise<void> {
    await new Promise<void>((settle) => setImmediate(settle));
    while (this.waiting.size > 0) {
      const batch = this.waiting;
      this.waiting = new Map();
      try {
        await this.transport.send([...batch].flatMap(([topic, waiting]) => waiting.payloads(this.replica.id, topic)));
        await new Promise<void>((settle) => setTimeout(settle, GATHER_MS));
      } catch {
        // Kept as "look yourself" until the transport is there again.
        for (const topic of batch.keys()) this.put(topic, null);
        break;
      }
    }
    this.sending = undefined;
  }
}
