import type { Artefact, FileEntry } from '@tidegate/contract-manifest';

const BLOCK_BYTES = 512;
/** Header plus the pax records of one entry (path and size), generously. */
const ENTRY_OVERHEAD_BYTES = 4 * BLOCK_BYTES;
/** End marker and padding to a record; GNU tar pads to 10 KiB, some writers to more. */
const END_OVERHEAD_BYTES = 64 * 1024;

/** Everything the writer may create, and how long the tar stream may get: all from the signed list, nothing from the archive. */
export interface SlotPlan {
  readonly files: ReadonlyMap<string, FileEntry>;
  /** Parents before children. */
  readonly folders: readonly string[];
  readonly maxTarBytes: number;
}

export function foldersOf(files: Iterable<Pick<FileEntry, 'path'>>): string[] {
  const folders = new Set<string>();
  for (const { path } of files) {
    const segments = path.split('/');
    for (let depth = 1; depth < segments.length; depth++) folders.add(segments.slice(0, depth).join('/'));
  }
  // A parent is a prefix of its children, so it sorts before them.
  return [...folders].sort();
}

export function planSlot(artefact: Artefact): SlotPlan {
  const files = new Map(artefact.files.map((file) => [file.path, file]));
  const folders = foldersOf(artefact.files);
  let maxTarBytes = END_OVERHEAD_BYTES + folders.length * ENTRY_OVERHEAD_BYTES;
  for (const { size } of artefact.files) maxTarBytes += ENTRY_OVERHEAD_BYTES + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  return { files, folders, maxTarBytes };
}
