/**
 * One declared path, put back. The copy is *moved* into place where both lie on one file system, so that a full disk cannot
 * keep a node from getting its data back; elsewhere it is copied beside the path first. Each step leaves a state from which
 * the same steps lead to the same end:
 *   copy in the snapshot         -> it becomes `incoming`, replacing a torn one
 *   `incoming` beside the path   -> the path's present content is deleted, `incoming` becomes the path
 *   neither                      -> this path is done
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isErrno, syncFolder } from '../durable-file.ts';
import { copyEntries } from './copy-tree.ts';
import { statOrNull, treeEntries } from './tree-entries.ts';

export async function restorePath(copies: string, dataDir: string, path: string): Promise<void> {
  const target = join(dataDir, path);
  await ensureRealParents(dataDir, path);
  const incoming = beside(target);
  if (await statOrNull(join(copies, path))) await bring(copies, path, incoming);
  if (await statOrNull(incoming)) {
    await rm(target, { recursive: true, force: true });
    await rename(incoming, target);
    await syncFolder(dirname(target));
  }
}

/** A path that was absent when the snapshot was taken is absent again. */
export async function removePath(dataDir: string, path: string): Promise<void> {
  const target = join(dataDir, path);
  const parent = await statOrNull(dirname(target));
  if (!parent?.isDirectory()) return;
  await rm(target, { recursive: true, force: true });
  await syncFolder(dirname(target));
}

const beside = (target: string): string => join(dirname(target), `.${basename(target)}.tidegate-incoming`);

async function bring(copies: string, path: string, incoming: string): Promise<void> {
  await rm(incoming, { recursive: true, force: true });
  try {
    await rename(join(copies, path), incoming);
    await syncFolder(dirname(incoming));
    await syncFolder(dirname(join(copies, path)));
  } catch (error) {
    if (!isErrno(error, 'EXDEV')) throw error;
    const entries = await treeEntries(copies, path);
    const renamed = entries.map((entry) => ({ ...entry, path: entry.path.slice(path.length) }));
    await copyEntries(renamed, join(copies, path), incoming);
  }
}

/** What a candidate put in the place of a folder on the way, a link for one, gives way to a folder. */
async function ensureRealParents(dataDir: string, path: string): Promise<void> {
  const segments = path.split('/').slice(0, -1);
  for (let depth = 0; depth <= segments.length; depth++) {
    const folder = join(dataDir, ...segments.slice(0, depth));
    const stat = await statOrNull(folder);
    if (stat?.isDirectory()) continue;
    if (stat && depth > 0) await rm(folder, { force: true });
    await mkdir(folder, { recursive: depth === 0, mode: 0o750 });
    await syncFolder(dirname(folder));
  }
}
