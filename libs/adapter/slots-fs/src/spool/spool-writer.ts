import { randomUUID } from 'node:crypto';
import { nodeEvent, type NodeEvent } from '@tidegate/contract-events';
import type { NewEvent } from '@tidegate/engine-node-link';
import { syncFolder } from '../durable-file.ts';
import { createSegment, segmentAt, type Segment, type SegmentWriter, type StoredEvent } from './segment.ts';
import { encodeLine } from './spool-line.ts';

const SEGMENT_BYTES = 64 * 1024;
/** Leaves room for the frame around it within the wire's 64 KiB. */
const MAX_LINE_BYTES = 48 * 1024;

export interface SpoolWriter {
  readonly spoolId: string;
  /** What the next event will be called. */
  readonly nextSeq: number;
  /** Where the last event went; null before the first, and after a roll. */
  readonly segment: Segment | null;
  /** Durable when it resolves. */
  write(fresh: NewEvent): Promise<{ readonly stored: StoredEvent; readonly segment: Segment }>;
  /** The next event begins a new segment; the old one is nobody's to append to any more. */
  roll(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The spool of this run: a random id and numbers from 1, in segments of its own. Nothing is written before there is an event: a
 * disk that takes no writes must not keep an agent from starting.
 */
export function createSpoolWriter(folder: string, run: number, now: () => Date): SpoolWriter {
  const spoolId = randomUUID();
  let nextSeq = 1;
  const start = (): Promise<SegmentWriter> => createSegment(segmentAt(folder, run, spoolId, nextSeq), () => syncFolder(folder));
  let current: SegmentWriter | null = null;
  const roll = async (): Promise<void> => {
    const done = current;
    current = null;
    await done?.close();
  };
  return {
    spoolId,
    roll,
    get nextSeq() {
      return nextSeq;
    },
    get segment() {
      return current?.segment ?? null;
    },
    async write(fresh) {
      if (current && current.bytes >= SEGMENT_BYTES) await roll();
      current ??= await start();
      const event = sendable({ id: randomUUID(), spool_id: spoolId, seq: nextSeq, at: now().toISOString(), ...fresh });
      const line = encodeLine(event);
      await current.append(line);
      nextSeq += 1;
      return { stored: { event, bytes: line.length }, segment: current.segment };
    },
    close: roll,
  };
}

/** One poisonous event would end every session it is sent on, for ever: what the wire does not take loses its details here. */
function sendable(event: NodeEvent): NodeEvent {
  const fits = nodeEvent.safeParse(event).success && encodeLine(event).length <= MAX_LINE_BYTES;
  return fits ? event : { ...event, details: { details_dropped: true } };
}
