import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';
import { isErrno } from '../durable-file.ts';

/** Beyond this a snapshot would keep the service away for minutes: such data need a database's own means. */
const MAX_ENTRIES = 20_000;
const MAX_DEPTH = 32;

export interface TreeEntry {
  /** Relative to the folder that is read. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link';
  readonly stat: Stats;
}

export const refused = (path: string, problem: string): CodedError => new CodedError('upgrade_snapshot_failed', { path, problem });

export const statOrNull = async (path: string): Promise<Stats | null> => {
  try {
    return await lstat(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
};

/**
 * Everything at and below `path`, folders before what they hold, links as links and never followed. Nothing for a path that is
 * absent. Sockets and pipes are left out: they are made anew by whoever listens on them.
 * Throws `upgrade_snapshot_failed` for devices, too many entries, and a path that leads through a link.
 */
export async function treeEntries(folder: string, path: string): Promise<TreeEntry[]> {
  const segments = path.split('/');
  for (let depth = 1; depth < segments.length; depth++) {
    const parent = await statOrNull(join(folder, ...segments.slice(0, depth)));
    if (!parent) return [];
    if (!parent.isDirectory()) throw refused(path, 'leads through a link or file');
  }
  const found: TreeEntry[] = [];
  await walk(folder, path, found);
  return found;
}

async function walk(folder: string, path: string, found: TreeEntry[]): Promise<void> {
  const stat = await statOrNull(join(folder, path));
  if (!stat || stat.isSocket() || stat.isFIFO()) return;
  const kind = kindOf(stat);
  if (!kind) throw refused(path, 'is a device');
  found.push({ path, kind, stat });
  if (found.length > MAX_ENTRIES) throw refused(path, `more than ${MAX_ENTRIES} entries`);
  if (kind !== 'folder') return;
  if (path.split('/').length > MAX_DEPTH) throw refused(path, `deeper than ${MAX_DEPTH} folders`);
  for (const name of (await readdir(join(folder, path))).sort()) await walk(folder, `${path}/${name}`, found);
}

const kindOf = (stat: Stats): TreeEntry['kind'] | null =>
  stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'link' : null;
