import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { PullRecords } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import type { Reach } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import { ChangeFeed, CLOCK, Database, Installation, Metrics, type Clock } from '../platform/index.ts';
import { readHead, Sequencer, type SequenceHead } from '../sequence/index.ts';
import { decodePullCursor, encodePullCursor, isSameRow, type PullCursor } from './pull-cursor.ts';
import type { RecordStream } from './record-stream.ts';

export interface Pull<T> {
  readonly items: (T & { readonly cursor: string })[];
  readonly next_cursor: string;
}

/** Readers that wait cost a timer and a socket each; one more than this is answered at once. */
const MAX_WAITING = 200;
/** A waiting reader looks this often by itself: another replica may have stored what it waits for. */
const LOOK_EVERY_MS = 1000;

interface Start {
  readonly cursor: PullCursor;
  /** Of the first answer of a reader that began at a time: positions follow times not exactly. */
  readonly since: Date | null;
}

@Injectable()
export class RecordPull implements OnModuleInit, BeforeApplicationShutdown {
  private readonly waiting = new Set<() => void>();
  private readonly behind;
  private readonly lastPull;
  private stopping = false;

  constructor(
    private readonly database: Database,
    private readonly installation: Installation,
    private readonly sequencer: Sequencer,
    private readonly changes: ChangeFeed,
    metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.behind = metrics.gauge('tidegate_siem_behind_rows');
    this.lastPull = metrics.gauge('tidegate_siem_last_pull_timestamp_seconds');
  }

  onModuleInit(): void {
    const wake = (): void => this.wake();
    this.changes.on('events', wake);
    this.sequencer.onAdvance(wake);
    this.clock.every(LOOK_EVERY_MS, wake);
  }

  /**
   * @param gone aborts the wait when the reader has hung up
   * @throws CodedError request_invalid for a foreign cursor; cursor_expired when rows after it are lost
   */
  async pull<T>(stream: RecordStream<T>, query: PullRecords, reach: Reach | null, gone: AbortSignal): Promise<Pull<T>> {
    const deadlineMs = this.clock.now().getTime() + query.wait * 1000;
    let start = await this.database.read((em) => this.startOf(em, stream, query));
    for (;;) {
      // Listened for before the look, so that nothing is stored between the two unnoticed.
      const woken = this.nextWake(deadlineMs, gone);
      const { items, next, behind } = await this.look(stream, start, reach, query.limit).catch((error: unknown) => {
        woken.cancel();
        throw error;
      });
      const over = items.length > 0 || this.stopping || gone.aborted || this.clock.now().getTime() >= deadlineMs || woken.refused;
      if (over) {
        woken.cancel();
        this.behind.set({ stream: stream.name }, behind);
        this.lastPull.set({ stream: stream.name }, this.clock.now().getTime() / 1000);
        return { items, next_cursor: this.encode(stream, next) };
      }
      start = { cursor: next, since: start.since };
      await woken.promise;
    }
  }

  private async look<T>(stream: RecordStream<T>, { cursor, since }: Start, reach: Reach | null, limit: number) {
    return await this.database.read(async (em) => {
      // The head first: what gets a position after this is not passed over by it.
      const head = await readHead(em, stream.name);
      const pulled = await stream.read(em, { after: cursor.position, until: head.position, since, reach, limit });
      const items = pulled.map(({ row, position, tag }) => ({ ...row, cursor: this.encode(stream, { position, tag }) }));
      const last = pulled.at(-1);
      // Everything up to the head was looked at, also what the reader may not see.
      const next = pulled.length === limit && last ? last : head.position > cursor.position ? head : cursor;
      return { items, next, behind: head.position - next.position };
    });
  }

  private encode(stream: RecordStream<unknown>, cursor: PullCursor): string {
    return encodePullCursor(this.installation.managerId, stream.name, cursor);
  }

  private async startOf(em: EntityManager, stream: RecordStream<unknown>, { after, since }: PullRecords): Promise<Start> {
    const head = await readHead(em, stream.name);
    if (after !== undefined) {
      const cursor = decodePullCursor(this.installation.managerId, stream.name, after);
      await checkStanding(em, stream, cursor, head);
      return { cursor, since: null };
    }
    if (since === undefined) return { cursor: { position: 0, tag: '' }, since: null };
    const time = new Date(since);
    const position = await stream.positionBefore(em, time, head);
    return { cursor: { position, tag: await tagAt(em, stream, position, head) }, since: time };
  }

  private wake(): void {
    for (const wake of [...this.waiting]) wake();
  }

  private nextWake(deadlineMs: number, gone: AbortSignal): { promise: Promise<void>; cancel: () => void; refused: boolean } {
    const restMs = deadlineMs - this.clock.now().getTime();
    if (restMs <= 0 || this.stopping || this.waiting.size >= MAX_WAITING)
      return { promise: Promise.resolve(), cancel: () => {}, refused: true };
    let cancel = (): void => {};
    const promise = new Promise<void>((settle) => {
      const stopTimer = this.clock.after(restMs, () => cancel());
      cancel = () => {
        stopTimer();
        this.waiting.delete(cancel);
        gone.removeEventListener('abort', cancel);
        settle();
      };
      this.waiting.add(cancel);
      gone.addEventListener('abort', cancel);
    });
    return { promise, cancel: () => cancel(), refused: false };
  }

  beforeApplicationShutdown(): void {
    this.stopping = true;
    this.wake();
  }
}

async function tagAt(em: EntityManager, stream: RecordStream<unknown>, position: number, head: SequenceHead): Promise<string> {
  if (position === 0) return '';
  if (position === head.position) return head.tag;
  const row = await stream.firstFrom(em, position);
  return row?.position === position ? row.tag : '';
}

/**
 * Whether reading on from the cursor skips nothing. A restored database is behind a reader's cursor, or has another row at its
 * position; retention may have removed the row itself, which is no loss, or rows after it, which is.
 */
async function checkStanding(em: EntityManager, stream: RecordStream<unknown>, cursor: PullCursor, head: SequenceHead): Promise<void> {
  const expired = (reason: 'restored' | 'retention'): CodedError => new CodedError('cursor_expired', { reason });
  if (cursor.position === 0) return;
  if (cursor.position > head.position) throw expired('restored');
  const row = await stream.firstFrom(em, cursor.position);
  const standing = row?.position === cursor.position ? row.tag : cursor.position === head.position ? head.tag : null;
  // A cursor made for a time may stand where retention has left no row: it has no tag.
  if (standing !== null && cursor.tag !== '' && !isSameRow(cursor, standing)) throw expired('restored');
  if (standing === null && (row?.position ?? head.position + 1) > cursor.position + 1) throw expired('retention');
}
