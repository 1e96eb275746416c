import { createHash } from 'node:crypto';
import { constants, lstatSync, readdirSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import { STATEMENT_FILES, type FileEntry } from '@tidegate/contract-manifest';
import { foldersOf } from './slot-plan.ts';

export interface TreeDifference {
  /** Relative to the slot; empty for the slot's own folder. */
  readonly path: string;
  readonly problem: 'missing' | 'not listed' | 'kind' | 'size' | 'mode' | 'digest' | 'unreadable';
}

/**
 * Compares a slot with its signed file list, as it lies on the disk now: kinds, sizes, modes and digests of files, no file
 * or folder more, no file less; beside them only the two statement files. For use before an activation and before a
 * return. Refuses with `slot_damaged` and the first difference in path order.
 */
export async function verifyTree(folder: string, files: readonly FileEntry[]): Promise<Verdict<void>> {
  const difference = await firstDifference(folder, files, { digests: true, allowed: new Set(STATEMENT_FILES) });
  return difference ? refuse('slot_damaged', { path: difference.path, problem: difference.problem }) : accept(undefined);
}

export async function firstDifference(
  folder: string,
  files: readonly FileEntry[],
  options: { readonly digests: boolean; readonly allowed: ReadonlySet<string> },
): Promise<TreeDifference | null> {
  const listed = new Map(files.map((file) => [file.path, file]));
  const folders = new Set(foldersOf(files));
  const found = new Map<string, Stats>();
  try {
    await walk(folder, '', found);
  } catch (error) {
    return { path: '', problem: (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'unreadable' };
  }
  for (const path of [...new Set([...found.keys(), ...listed.keys(), ...folders])].sort()) {
    const stat = found.get(path);
    const file = listed.get(path);
    const isFolder = path === '' || folders.has(path);
    const judge = (): TreeDifference['problem'] | null => {
      if (!stat) return 'missing';
      if (isFolder) return folderProblem(stat);
      if (file) return fileProblem(stat, file);
      return options.allowed.has(path) && stat.isFile() ? null : 'not listed';
    };
    // Nothing to wait for means no promise: there may be tens of thousands.
    const problem = judge() ?? (options.digests && file ? await digestProblem(join(folder, path), file) : null);
    if (problem) return { path, problem };
  }
  return null;
}

/**
 * lstat of everything, links never followed: a linked folder is an entry that is no folder. Synchronous within one folder,
 * where thousands of answers come from memory; others get their turn after each.
 */
async function walk(folder: string, prefix: string, found: Map<string, Stats>): Promise<void> {
  const stat = lstatSync(join(folder, prefix));
  found.set(prefix, stat);
  if (!stat.isDirectory()) return;
  await nextTurn();
  for (const name of readdirSync(join(folder, prefix))) {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const inside = lstatSync(join(folder, path));
    if (inside.isDirectory()) await walk(folder, path, found);
    else found.set(path, inside);
  }
}

const folderProblem = (stat: Stats): TreeDifference['problem'] | null => {
  if (!stat.isDirectory()) return 'kind';
  // Whoever can write a folder can replace its files between this check and the start.
  return stat.mode & 0o022 ? 'mode' : null;
};

function fileProblem(stat: Stats, file: FileEntry): TreeDifference['problem'] | null {
  if (!stat.isFile()) return 'kind';
  if (stat.size !== file.size) return 'size';
  return (stat.mode & 0o7777) === Number.parseInt(file.mode, 8) ? null : 'mode';
}

async function digestProblem(path: string, file: FileEntry): Promise<TreeDifference['problem'] | null> {
  const sha256 = createHash('sha256');
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    for await (const bytes of handle.createReadStream({ highWaterMark: 256 * 1024 })) sha256.update(bytes as Buffer);
  } catch {
    return 'unreadable';
  }
  return sha256.digest('hex') === file.sha256 ? null : 'digest';
}
