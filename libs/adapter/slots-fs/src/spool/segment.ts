import { open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeEvent } from '@tidegate/contract-events';
import { writeWhole } from '../durable-file.ts';
import { decodeLine, encodeLine } from './spool-line.ts';

/** `<run>-<spool id>-<first seq>.log`: sorts by age, and says what comes next even when it is empty. */
export interface Segment {
  readonly file: string;
  readonly run: number;
  readonly spoolId: string;
  readonly firstSeq: number;
}

const NAME = /^(\d{10})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(\d{12})\.log$/;

export const segmentAt = (folder: string, run: number, spoolId: string, firstSeq: number): Segment => ({
  file: join(folder, `${String(run).padStart(10, '0')}-${spoolId}-${String(firstSeq).padStart(12, '0')}.log`),
  run,
  spoolId,
  firstSeq,
});

export function parseSegmentName(folder: string, name: string): Segment | null {
  const [, run, spoolId, firstSeq] = NAME.exec(name) ?? [];
  return run && spoolId && firstSeq ? segmentAt(folder, Number(run), spoolId, Number(firstSeq)) : null;
}

export interface StoredEvent {
  readonly event: NodeEvent;
  readonly bytes: number;
}

/** What is whole in a segment. A torn last line was never promised to anybody; any other unreadable line counts as lost. */
export async function readSegment({ file, spoolId }: Segment): Promise<{ readonly stored: readonly StoredEvent[]; readonly lost: number }> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  // Either the empty text after the last line feed or a torn line.
  lines.pop();
  const stored: StoredEvent[] = [];
  for (const line of lines) {
    const event = decodeLine(line);
    if (event?.spool_id === spoolId) stored.push({ event, bytes: Buffer.byteLength(line) + 1 });
  }
  return { stored, lost: lines.length - stored.length };
}

/** Leaves only `kept` in a segment that nobody appends to. */
export async function rewriteSegment({ file }: Segment, kept: readonly NodeEvent[]): Promise<void> {
  if (kept.length === 0) await rm(file, { force: true });
  else await writeWhole(file, Buffer.concat(kept.map(encodeLine)), 0o600);
}

/** The one segment that is appended to. */
export interface SegmentWriter {
  readonly segment: Segment;
  readonly bytes: number;
  /** Durable when it resolves; when it rejects nothing of the line counts, now or after a restart. */
  append(line: Buffer): Promise<void>;
  close(): Promise<void>;
}

export async function createSegment(segment: Segment, syncFolder: () => Promise<void>): Promise<SegmentWriter> {
  const handle: FileHandle = await open(segment.file, 'ax', 0o600);
  await syncFolder();
  let bytes = 0;
  let torn = false;
  return {
    segment,
    get bytes() {
      return bytes;
    },
    async append(line) {
      // Half a line of a failed write would swallow the next one.
      if (torn) await handle.truncate(bytes);
      torn = true;
      await handle.appendFile(line);
      await handle.datasync();
      torn = false;
      bytes += line.length;
    },
    close: () => handle.close(),
  };
}
