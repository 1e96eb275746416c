import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isTemporary } from './durable-file.ts';

/** Where files and links are written whole; `staging` is cleared by the engine, which knows whether an attempt needs it. */
const FOLDERS = ['.', 'identity', 'spool', 'trial'];

/**
 * Removes what an agent that was killed between writing and renaming left behind. Only for the one agent that holds the
 * root. Never fails: on a disk that cannot be changed a leftover does no harm, and the agent has better things to report.
 */
export async function sweepUnfinished(root: string): Promise<void> {
  for (const folder of FOLDERS) {
    for (const name of namesIn(join(root, folder)).filter(isTemporary))
      await rm(join(root, folder, name), { force: true }).catch(() => undefined);
  }
}

// At once: nothing else goes on yet, and four trips to a worker thread would be a tenth of a start.
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
