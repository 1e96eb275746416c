import { readdir, rm } from 'node:fs/promises';
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
    const names = await readdir(join(root, folder)).catch(() => []);
    for (const name of names.filter(isTemporary)) await rm(join(root, folder, name), { force: true }).catch(() => undefined);
  }
}
