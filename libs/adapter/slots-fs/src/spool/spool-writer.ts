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
  readonly segment: Segment;
  /** Durable when it resolves. */
  write(fresh: NewEvent): Promise<{ readonly stored: StoredEvent; readonly segment: Segment }>;
  /** Goes on in a new segment; the old one is nobody's to append to any more. */
  roll(): Promise<void>;
  close(): Promise<void>;
}

/** The spool of this run: a random id and numbers from 1, in segments of its own. */
export async function createSpoolWriter(folder: string, run: number, now: () => Date): Promise<SpoolWriter> {
  const spoolId = randomUUID();
  let nextSeq = 1;
  const start = (): Promise<SegmentWriter> => createSegment(segmentAt(folder, run, spoolId, nextSeq), () => syncFolder(folder));
  let current = await start();
  const roll = async (): Promise<void> => {
    const next = await start();
    await current.close();
    current = next;
  };
  return {
    spoolId,
    roll,
    get nextSeq() {
      return nextSeq;
    },
    get segment() {
      return current.segment;
    },
    async write(fresh) {
      if (current.bytes >= SEGMENT_BYTES) await roll();
      const event = sendable({ id: randomUUID(), spool_id: spoolId, seq: nextSeq, at: now().toISOString(), ...fresh });
      const line = encodeLine(event);
      await current.append(line);
      nextSeq += 1;
      return { stored: { event, bytes: line.length }, segment: current.segment };
    },
    close: () => current.close(),
  };
}

/** One poisonous event would end every session it is sent on, for ever: what the wire does not take loses its details here. */
function sendable(event: NodeEvent): NodeEvent {
  const fits = nodeEvent.safeParse(event).success && encodeLine(event).length <= MAX_LINE_BYTES;
  return fits ? event : { ...event, details: { details_dropped: true } };
}
