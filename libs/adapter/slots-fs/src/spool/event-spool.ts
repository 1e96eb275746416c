/**
 * Events the manager has not acknowledged, in append-only segments under `spool/`.
 *
 * Every start begins a spool of its own, with a random id and numbers from 1: a restored disk image or a clone that went on
 * counting under the old id would have its new events taken for old ones. What earlier runs left is sent first, run by run.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import type { Severity } from '@tidegate/contract-errors';
import { nodeEvent, type NodeEvent } from '@tidegate/contract-events';
import type { NewEvent, Spool } from '@tidegate/engine-node-link';
import { syncFolder } from '../durable-file.ts';
import { chooseVictims, type SpoolLimits } from './eviction.ts';
import { createSegment, parseSegmentName, readSegment, rewriteSegment, segmentAt, type Segment, type SegmentWriter, type StoredEvent } from './segment.ts';
import { encodeLine } from './spool-line.ts';

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

interface Entry {
  readonly spoolId: string;
  readonly seq: number;
  readonly severity: Severity;
  readonly bytes: number;
  readonly segment: Segment;
}

const DEFAULT_LIMITS: SpoolLimits = { maxEvents: 10_000, maxBytes: 16 * 1024 * 1024 };
const SEGMENT_BYTES = 64 * 1024;
/** Leaves room for the frame around it within the wire's 64 KiB. */
const MAX_LINE_BYTES = 48 * 1024;
/** Confessions are never dropped, so a spool that is full of what is never dropped must not make one for each event. */
const FEW_LOST = 10;

export async function openEventSpool(options: EventSpoolOptions): Promise<EventSpool> {
  const { folder, now } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const left = await readLeftovers(folder);
  const entries: Entry[] = left.entries;
  const spoolId = randomUUID();
  const run = left.lastRun + 1;
  let limits = options.limits ?? DEFAULT_LIMITS;
  let nextSeq = 1;
  let listener = (): void => {};
  const startSegment = (): Promise<SegmentWriter> => createSegment(segmentAt(folder, run, spoolId, nextSeq), () => syncFolder(folder));
  let writer = await startSegment();
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const done = turn.then(act);
    turn = done.catch(() => undefined);
    return done;
  };
  const roll = async (): Promise<void> => {
    const next = await startSegment();
    await writer.close();
    writer = next;
  };

  const write = async (fresh: NewEvent): Promise<NodeEvent> => {
    if (writer.bytes >= SEGMENT_BYTES) await roll();
    const event = sendable({ id: randomUUID(), spool_id: spoolId, seq: nextSeq, at: now().toISOString(), ...fresh });
    const line = encodeLine(event);
    await writer.append(line);
    nextSeq += 1;
    entries.push(entryOf({ event, bytes: line.length }, writer.segment));
    return event;
  };
  const confessLoss = async (lost: number, reason: string): Promise<void> => {
    await write({ name: 'events_lost', severity: 'warning', details: { error_code: 'events_lost', lost, reason } });
  };
  let unconfessed = 0;
  const confessEvicted = async (atLeast: number): Promise<void> => {
    if (unconfessed < atLeast) return;
    await confessLoss(unconfessed, 'spool_full');
    unconfessed = 0;
  };

  const evict = async (): Promise<void> => {
    const victims = chooseVictims(entries, limits);
    if (victims.size === 0) return;
    const touched = new Set([...victims].map((position) => entries[position]?.segment.file));
    unconfessed += victims.size;
    // On disk before anything is lost, unless critical events alone fill the spool and every other one is lost by itself.
    await confessEvicted(FEW_LOST);
    if (touched.has(writer.segment.file)) await roll();
    const kept = entries.filter((_, position) => !victims.has(position));
    for (const segment of new Set(entries.map((entry) => entry.segment))) {
      if (!touched.has(segment.file)) continue;
      const keep = new Set(kept.filter((entry) => entry.segment === segment).map((entry) => entry.seq));
      const { stored } = await readSegment(segment);
      await rewriteSegment(segment, stored.map(({ event }) => event).filter((event) => keep.has(event.seq)));
    }
    entries.splice(0, entries.length, ...kept);
  };

  const forget = async (count: number): Promise<void> => {
    const gone = new Set(entries.splice(0, count).map((entry) => entry.segment));
    const needed = new Set(entries.map((entry) => entry.segment));
    // A fully acknowledged segment is left behind even while it is young: a restart must not send it all again.
    if (gone.has(writer.segment) && !needed.has(writer.segment)) await roll();
    for (const segment of gone) if (!needed.has(segment)) await rm(segment.file, { force: true });
    await confessEvicted(1);
  };

  if (left.lost > 0) await confessLoss(left.lost, 'unreadable');
  return {
    append: (fresh) =>
      inTurn(async () => {
        const event = await write(fresh);
        await evict();
        listener();
        return event;
      }),
    batch: (sent, limit) => inTurn(() => readBatch(entries, sent, limit)),
    acknowledge: (ackedSpool, seq) =>
      inTurn(async () => {
        // A number from the future would make us forget events nobody has.
        if (ackedSpool === spoolId && seq >= nextSeq) return;
        const count = entries.findIndex((entry) => entry.spoolId !== ackedSpool || entry.seq > seq);
        const acknowledged = count === -1 ? entries.length : count;
        if (acknowledged > 0) await forget(acknowledged);
      }),
    onAppended(next) {
      listener = next;
    },
    setMaxEvents(maxEvents) {
      limits = { ...limits, maxEvents: Math.min(maxEvents, DEFAULT_LIMITS.maxEvents) };
    },
    close: () => inTurn(() => writer.close()),
  };
}

const entryOf = ({ event, bytes }: StoredEvent, segment: Segment): Entry => ({
  spoolId: event.spool_id,
  seq: event.seq,
  // A loss whose confession is lost as well would never have happened.
  severity: event.name === 'events_lost' ? 'critical' : event.severity,
  bytes,
  segment,
});

/** One poisonous event would end every session it is sent on, for ever: what the wire does not take loses its details here. */
function sendable(event: NodeEvent): NodeEvent {
  const fits = nodeEvent.safeParse(event).success && encodeLine(event).length <= MAX_LINE_BYTES;
  return fits ? event : { ...event, details: { details_dropped: true } };
}

async function readLeftovers(folder: string): Promise<{ entries: Entry[]; lastRun: number; lost: number }> {
  const names = (await readdir(folder)).sort();
  const entries: Entry[] = [];
  let lastRun = 0;
  let lost = 0;
  for (const segment of names.map((name) => parseSegmentName(folder, name)).filter((found) => found !== null)) {
    lastRun = Math.max(lastRun, segment.run);
    const content = await readSegment(segment);
    lost += content.lost;
    if (content.stored.length === 0) await rm(segment.file, { force: true });
    entries.push(...content.stored.map((stored) => entryOf(stored, segment)));
  }
  return { entries, lastRun, lost };
}

/** Never crosses into the next spool: the manager's mark of what it has is one pair of spool id and number. */
async function readBatch(entries: readonly Entry[], sent: Pick<NodeEvent, 'spool_id' | 'seq'> | null, limit: number): Promise<NodeEvent[]> {
  const head = entries[0];
  if (!head) return [];
  const after = sent?.spool_id === head.spoolId ? sent.seq : 0;
  const wanted = entries.filter((entry) => entry.spoolId === head.spoolId && entry.seq > after).slice(0, limit);
  const events: NodeEvent[] = [];
  for (const segment of new Set(wanted.map((entry) => entry.segment))) {
    const seqs = new Set(wanted.filter((entry) => entry.segment === segment).map((entry) => entry.seq));
    const { stored } = await readSegment(segment);
    events.push(...stored.map(({ event }) => event).filter((event) => seqs.has(event.seq)));
  }
  return events;
}
