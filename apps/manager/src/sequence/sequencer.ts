/**
 * Gives rows their position after they were committed. Rows commit out of order: a reader that goes on after the highest
 * identity it saw would skip those that were taken earlier and committed later. A position is given to what is committed
 * only, one after the other without a hole, so "after position n" misses nothing.
 *
 * Any replica may assign at any time. The stream's head is one row, locked by whoever assigns and changed in the same
 * transaction as the rows: a crash at any point leaves both as they were, and a restored database holds both as they were.
 * Writers never wait for it: they do not touch the head. Between commit and position lie some milliseconds; when nobody wakes
 * the sequencer, the poll does.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { isCodedError } from '@tidegate/contract-errors';
import type { EntityManager } from 'typeorm';
import { CLOCK, Database, LOG, oneAtATime, type Clock, type Log } from '../platform/index.ts';
import { lockHead, prepareAssignment, readHead, storeHead, type SequenceHead } from './persistence/sequence-records.ts';

export type StreamName = 'events' | 'audit';

export interface SequencedStream {
  readonly name: StreamName;
  /** Whether committed rows wait; cheap, without a lock. */
  hasWaiting(em: EntityManager): Promise<boolean>;
  /**
   * Gives at most `limit` waiting rows the positions after the head, in an order that keeps what one writer wrote in order.
   * @returns the new head; the given one when nothing waits.
   */
  assign(em: EntityManager, head: SequenceHead, limit: number): Promise<SequenceHead>;
}

const POLL_MS = 1000;
/** A transaction's commit follows its last statement within this time, nearly always. */
const SOON_MS = 50;
const BATCH = 1000;
/** So many at once are a burst. */
const BURST = 250;
/** After a batch of a burst it rests this many times as long as the batch took; some thousand rows a second are placed all the same. */
const RESTS = 3;

@Injectable()
export class Sequencer implements OnModuleInit, BeforeApplicationShutdown {
  private readonly streams = new Map<StreamName, { stream: SequencedStream; turn: () => void }>();
  private readonly listeners: ((name: StreamName, head: SequenceHead) => void)[] = [];
  private readonly running = new Set<Promise<void>>();
  private readonly soon = new Set<StreamName>();
  private stopping = false;

  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.clock.every(POLL_MS, () => {
      for (const { turn } of this.streams.values()) turn();
    });
  }

  register(stream: SequencedStream): void {
    this.streams.set(stream.name, { stream, turn: oneAtATime(() => this.track(stream)) });
  }

  /** Told after every commit that moved a head, by this replica. */
  onAdvance(listener: (name: StreamName, head: SequenceHead) => void): void {
    this.listeners.push(listener);
  }

  /** Rows have just been committed. */
  wake(name: StreamName): void {
    this.streams.get(name)?.turn();
  }

  /** Rows were written in a transaction that is about to be committed. */
  wakeSoon(name: StreamName): void {
    if (this.soon.has(name)) return;
    this.soon.add(name);
    this.clock.after(SOON_MS, () => {
      this.soon.delete(name);
      this.wake(name);
    });
  }

  /** Assigns until nothing that was committed before the call waits. */
  async settle(name: StreamName): Promise<SequenceHead> {
    const entry = this.streams.get(name);
    if (entry) await this.drain(entry.stream);
    return await this.database.read((em) => readHead(em, name));
  }

  private async track(stream: SequencedStream): Promise<void> {
    if (this.stopping || !this.database.open) return;
    const run = this.drain(stream, (tookMs) => this.rest(tookMs)).catch((error: unknown) => {
      if (!isCodedError(error)) this.log.warn({ err: error, stream: stream.name }, 'positions not assigned; the next turn tries again');
    });
    this.running.add(run);
    await run;
    this.running.delete(run);
  }

  private async drain(stream: SequencedStream, rest = (_tookMs: number): Promise<void> => Promise.resolve()): Promise<void> {
    for (;;) {
      const beganMs = this.clock.now().getTime();
      const assigned = await this.assign(stream);
      if (!assigned) return;
      for (const listener of this.listeners) listener(stream.name, assigned.head);
      if (this.stopping) return;
      if (assigned.count >= BURST) await rest(this.clock.now().getTime() - beganMs);
    }
  }

  /** Acknowledgements come first: in a burst at most a part of the time is spent on positions. */
  private rest(tookMs: number): Promise<void> {
    return tookMs <= 0 ? Promise.resolve() : new Promise((settle) => this.clock.after(tookMs * RESTS, settle));
  }

  /** @returns null when nothing waits; what comes after this look has its own wake. */
  private assign(stream: SequencedStream): Promise<{ head: SequenceHead; count: number } | null> {
    return this.database.transaction(async (em) => {
      await prepareAssignment(em);
      if (!(await stream.hasWaiting(em))) return null;
      const before = await lockHead(em, stream.name);
      const head = await stream.assign(em, before, BATCH);
      const count = head.position - before.position;
      if (count === 0) return null;
      await storeHead(em, stream.name, head);
      return { head, count };
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.running);
  }
}
