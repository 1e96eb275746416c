import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '@tidegate/adapter-slots-fs';

const record = z.object({
  boot_id: z.string(),
  /** Starts of the agent on this boot, this one included. */
  starts: z.int().min(1),
  /** How the newest run ended; `unknown` while it runs, and for ever when it was killed. */
  ended: z.string().max(64),
});

export interface RunRecord {
  /** Starts on this boot beyond the first. */
  readonly restarts: number;
  readonly lastEnded: string;
  /** Remembers how this run ends. A record that cannot be written costs a number in a report, nothing else. */
  end(how: string): Promise<void>;
}

/** Counts starts per boot in `runs.json`. An unreadable file counts as none. */
export async function openRunRecord(root: string, bootId: string): Promise<RunRecord> {
  const file = join(root, 'runs.json');
  const last = record.safeParse(readJson(file)).data;
  const starts = last?.boot_id === bootId ? last.starts + 1 : 1;
  const save = (ended: string): Promise<void> =>
    writeWhole(file, `${JSON.stringify({ boot_id: bootId, starts, ended })}\n`).catch(() => {});
  await save('unknown');
  return { restarts: starts - 1, lastEnded: last?.ended ?? 'first_start', end: save };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
