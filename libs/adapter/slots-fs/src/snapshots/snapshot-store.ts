import { readdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { accept, isCodedError, refuse, type Verdict } from '@tidegate/contract-errors';
import type { SnapshotMark, SnapshotStore } from '@tidegate/engine-upgrade';
import { ensureFolder, isErrno, onDisk, syncFolder } from '../durable-file.ts';
import { copyEntries } from './copy-tree.ts';
import { removePath, restorePath } from './restore-path.ts';
import { markerPath, readMarker, writeMarker, type Marker } from './snapshot-marker.ts';
import { refused, treeEntries } from './tree-entries.ts';

export interface SnapshotSettings {
  /** Install root; snapshots lie in `snapshots/<attempt>/`, the copies in `data/` below. */
  readonly root: string;
  /** What the paths of a manifest's `snapshot` are relative to. */
  readonly dataDir: string;
}

export function createSnapshotStore({ root, dataDir }: SnapshotSettings): SnapshotStore {
  const snapshots = join(root, 'snapshots');
  const folderOf = (attempt: string): string => join(snapshots, attempt);
  const pending = async (): Promise<Marker | null> => {
    for (const name of namesIn(snapshots)) {
      const marker = await readMarker(folderOf(name));
      if (marker) return marker;
    }
    return null;
  };
  const drop = async (name: string): Promise<void> => {
    await rm(markerPath(folderOf(name)), { force: true });
    await syncFolder(folderOf(name));
    await rm(folderOf(name), { recursive: true, force: true });
    await syncFolder(snapshots);
  };

  return {
    measure: (paths) =>
      asVerdict('measure snapshot', async () => {
        const entries = (await Promise.all(outermost(paths).map((path) => treeEntries(dataDir, path)))).flat();
        return { bytes: entries.reduce((sum, { kind, stat }) => sum + (kind === 'file' ? stat.size : 0), 0), entries: entries.length };
      }),
    take: (mark, paths) =>
      asVerdict('take snapshot', async () => {
        const other = await pending();
        if (other && other.attempt !== mark.attempt) throw refused('', `attempt ${other.attempt} is not given back yet`);
        try {
          await takeAnew(folderOf(mark.attempt), dataDir, mark, outermost(paths));
        } catch (error) {
          await rm(folderOf(mark.attempt), { recursive: true, force: true });
          throw error;
        }
      }),
    pending: () =>
      onDisk('read snapshot', async () => {
        const marker = await pending();
        return marker && { attempt: marker.attempt, from: marker.from, to: marker.to };
      }),
    restore: ({ attempt }) => restore(folderOf(attempt), dataDir),
    drop: (attempt) => onDisk('drop snapshot', async () => (namesIn(snapshots).includes(attempt) ? drop(attempt) : undefined)),
    sweep: () =>
      onDisk('sweep snapshots', async () => {
        for (const name of namesIn(snapshots)) {
          const marked = await readMarker(folderOf(name)).catch(() => true);
          if (!marked) await drop(name);
        }
      }),
  };
}

async function takeAnew(folder: string, dataDir: string, mark: SnapshotMark, paths: readonly string[]): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await ensureFolder(join(folder, '..'), 0o700);
  await mkdir(folder, { mode: 0o700 });
  const copies = join(folder, 'data');
  await mkdir(copies, { mode: 0o700 });
  const marked: { path: string; kind: 'present' | 'absent' }[] = [];
  for (const path of paths) {
    const entries = await treeEntries(dataDir, path);
    await mkdir(join(copies, path, '..'), { recursive: true, mode: 0o700 });
    await copyEntries(entries, dataDir, copies);
    marked.push({ path, kind: entries.length > 0 ? 'present' : 'absent' });
  }
  for (const one of new Set(paths.flatMap((path) => parentsOf(path)))) await syncFolder(join(copies, one));
  await syncFolder(folder);
  await syncFolder(join(folder, '..'));
  await writeMarker(folder, { ...mark, paths: marked });
}

async function restore(folder: string, dataDir: string): Promise<Verdict<void>> {
  try {
    const marker = await readMarker(folder);
    if (!marker) return refuse('upgrade_rollback_failed', { problem: 'no marker' });
    for (const { path, kind } of marker.paths) {
      if (kind === 'present') await restorePath(join(folder, 'data'), dataDir, path);
      else await removePath(dataDir, path);
    }
    return accept(undefined);
  } catch (error) {
    if (isCodedError(error)) return refuse('upgrade_rollback_failed', { ...error.details, cause: error.code });
    return refuse('upgrade_rollback_failed', { errno: (error as NodeJS.ErrnoException).code ?? 'unknown' });
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

/** A path below another declared one is copied with it. */
const outermost = (paths: readonly string[]): string[] =>
  [...new Set(paths)].filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));

/** `a/b/c` -> ``, `a`, `a/b`: the folders a copy's name depends on. */
const parentsOf = (path: string): string[] => path.split('/').map((_, depth, segments) => segments.slice(0, depth).join('/'));

async function asVerdict<T>(step: string, act: () => Promise<T>): Promise<Verdict<T>> {
  try {
    return accept(await onDisk(step, act));
  } catch (error) {
    if (!isCodedError(error)) throw error;
    const code = error.code === 'upgrade_storage_error' ? 'upgrade_snapshot_failed' : error.code;
    return refuse(code, error.details);
  }
}
