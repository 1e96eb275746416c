/**
 * Events the manager has not acknowledged, in append-only segments under `spool/`.
 *
 * Every start begins a spool of its own, with a random id and numbers from 1: a restored disk image or a clone that went on
 * counting under the old id would have its new events taken for old ones. What earlier runs left is sent first, run by run.
 */
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import type { NodeEvent } from '@tidegate/contract-events';
import type { NewEvent, Spool } from '@tidegate/engine-node-link';
import { chooseVictims, type SpoolLimits } from './eviction.ts';
import { entryOf, readEvents, readLeftovers, shrinkSegments, type Entry } from './spool-contents.ts';
import { createSpoolWriter, type SpoolWriter } from './spool-writer.ts';

export interface EventSpoolOptions {
  readonly folder: string;
  /** The wall clock; may be wrong. */
  readonly now: () => Date;
  /** Default 10,000 events and 16 MiB. */
  readonly limits?: SpoolLimits;
}

export interface EventSpool extends Spool {
  /** What the manager allows; never above the default. */
  setMaxEvents(maxEvents: number): void;
  close(): Promise<void>;
}

const DEFAULT_LIMITS: SpoolLimits = { maxEvents: 10_000, maxBytes: 16 * 1024 * 1024 };
/** Confessions are never dropped, so a spool that is full of what is never dropped must not make one for each event. */
const FEW_LOST = 10;

export async function openEventSpool({ folder, now, limits = DEFAULT_LIMITS }: EventSpoolOptions): Promise<EventSpool> {
  if (!existsSync(folder)) await mkdir(folder, { recursive: true, mode: 0o700 });
  const { entries, lastRun, lost } = await readLeftovers(folder);
  const spool = new DiskSpool(createSpoolWriter(folder, lastRun + 1, now), entries, limits);
  if (lost > 0) await spool.confess(lost, 'unreadable');
  return spool;
}

class DiskSpool implements EventSpool {
  private readonly writer: SpoolWriter;
  private entries: Entry[];
  private limits: SpoolLimits;
  private unconfessed = 0;
  private listener = (): void => {};
  private turn: Promise<unknown> = Promise.resolve();

  constructor(writer: SpoolWriter, entries: Entry[], limits: SpoolLimits) {
    this.writer = writer;
    this.entries = entries;
    this.limits = limits;
  }

  append(fresh: NewEvent): Promise<NodeEvent> {
    return this.inTurn(async () => {
      const event = await this.write(fresh);
      await this.evict();
      this.listener();
      return event;
    });
  }

  /** Never crosses into the next spool: the manager's mark of what it has is one pair of spool id and number. */
  batch(sent: Pick<NodeEvent, 'spool_id' | 'seq'> | null, limit: number): Promise<readonly NodeEvent[]> {
    return this.inTurn(() => {
      const head = this.entries[0]?.spoolId;
      const after = sent?.spool_id === head ? (sent?.seq ?? 0) : 0;
      return readEvents(this.entries.filter((entry) => entry.spoolId === head && entry.seq > after).slice(0, limit));
    });
  }

  acknowledge(spoolId: string, seq: number): Promise<void> {
    return this.inTurn(async () => {
      // A number from the future would make us forget events nobody has.
      if (spoolId === this.writer.spoolId && seq >= this.writer.nextSeq) return;
      const firstKept = this.entries.findIndex((entry) => entry.spoolId !== spoolId || entry.seq > seq);
      const count = firstKept === -1 ? this.entries.length : firstKept;
      if (count > 0) await this.forget(count);
    });
  }

  onAppended(listener: () => void): void {
    this.listener = listener;
  }

  setMaxEvents(maxEvents: number): void {
    this.limits = { ...this.limits, maxEvents: Math.min(maxEvents, DEFAULT_LIMITS.maxEvents) };
  }

  close(): Promise<void> {
    return this.inTurn(() => this.writer.close());
  }

  async confess(lost: number, reason: string): Promise<void> {
    await this.write({ name: 'events_lost', severity: 'warning', details: { error_code: 'events_lost', lost, reason } });
  }

  private inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.turn.then(act);
    this.turn = done.catch(() => undefined);
    return done;
  }

  private async write(fresh: NewEvent): Promise<NodeEvent> {
    const { stored, segment } = await this.writer.write(fresh);
    this.entries.push(entryOf(stored, segment));
    return stored.event;
  }

  private async evict(): Promise<void> {
    const victims = chooseVictims(this.entries, this.limits);
    if (victims.size === 0) return;
    const touched = new Set(this.entries.filter((_, position) => victims.has(position)).map((entry) => entry.segment));
    this.unconfessed += victims.size;
    // On disk before anything is lost, unless critical events alone fill the spool and every other one is lost by itself.
    await this.confessEvicted(FEW_LOST);
    const { segment } = this.writer;
    if (segment && touched.has(segment)) await this.writer.roll();
    const kept = this.entries.filter((_, position) => !victims.has(position));
    await shrinkSegments(touched, kept);
    this.entries = kept;
  }

  private async confessEvicted(atLeast: number): Promise<void> {
    if (this.unconfessed < atLeast) return;
    await this.confess(this.unconfessed, 'spool_full');
    this.unconfessed = 0;
  }

  private async forget(count: number): Promise<void> {
    const gone = new Set(this.entries.splice(0, count).map((entry) => entry.segment));
    const needed = new Set(this.entries.map((entry) => entry.segment));
    // A fully acknowledged segment is left behind even while it is young: a restart must not send it all again.
    const { segment: young } = this.writer;
    if (young && gone.has(young) && !needed.has(young)) await this.writer.roll();
    for (const segment of gone) if (!needed.has(segment)) await rm(segment.file, { force: true });
    await this.confessEvicted(1);
  }
}
