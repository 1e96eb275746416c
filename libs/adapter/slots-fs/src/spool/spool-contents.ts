import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Severity } from '@tidegate/contract-errors';
import type { NodeEvent } from '@tidegate/contract-events';
import { parseSegmentName, readSegment, rewriteSegment, type Segment, type StoredEvent } from './segment.ts';

/** What is known of a spooled event without reading it again. */
export interface Entry {
  readonly spoolId: string;
  readonly seq: number;
  readonly severity: Severity;
  readonly bytes: number;
  readonly segment: Segment;
}

export const entryOf = ({ event, bytes }: StoredEvent, segment: Segment): Entry => ({
  spoolId: event.spool_id,
  seq: event.seq,
  // A loss whose confession is lost as well would never have happened.
  severity: event.name === 'events_lost' ? 'critical' : event.severity,
  bytes,
  segment,
});

export interface Leftovers {
  readonly entries: Entry[];
  readonly lastRun: number;
  readonly lost: number;
}

/** What earlier runs left, oldest first. */
export async function readLeftovers(folder: string): Promise<Leftovers> {
  const names = readdirSync(folder).sort();
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

/** Reads these entries' events, in order. */
export async function readEvents(wanted: readonly Entry[]): Promise<NodeEvent[]> {
  const events: NodeEvent[] = [];
  for (const [segment, seqs] of seqsBySegment(wanted)) {
    const { stored } = await readSegment(segment);
    events.push(...stored.map(({ event }) => event).filter((event) => seqs.has(event.seq)));
  }
  return events;
}

/** Leaves in the touched segments only what is kept. */
export async function shrinkSegments(touched: ReadonlySet<Segment>, kept: readonly Entry[]): Promise<void> {
  const keep = seqsBySegment(kept);
  for (const segment of touched) {
    const { stored } = await readSegment(segment);
    const events = stored.map(({ event }) => event).filter((event) => keep.get(segment)?.has(event.seq));
    await rewriteSegment(segment, events);
  }
}

function seqsBySegment(entries: readonly Entry[]): ReadonlyMap<Segment, ReadonlySet<number>> {
  const seqs = new Map<Segment, Set<number>>();
  for (const { segment, seq } of entries) seqs.set(segment, (seqs.get(segment) ?? new Set()).add(seq));
  return seqs;
}
