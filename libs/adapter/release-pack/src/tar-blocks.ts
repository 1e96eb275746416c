import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';
import type { FileEntry } from '@tidegate/contract-manifest';
import { Header, Pax } from 'tar';
import type { PackedFile } from './list-folder.ts';

const BLOCK_BYTES = 512;
/** One fixed time for every entry: the archive depends on contents, not on when they were built. */
const ENTRY_TIME = new Date('1980-01-01T00:00:00Z');

const padding = (sizeBytes: number): Buffer => Buffer.alloc((BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES);

function header(file: PackedFile): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const needsPax = new Header({
    path: file.path,
    mode: Number.parseInt(file.mode, 8),
    uid: 0,
    gid: 0,
    size: file.sizeBytes,
    mtime: ENTRY_TIME,
    type: 'File',
  }).encode(block, 0);
  if (!needsPax) return block;
  return Buffer.concat([new Pax({ path: file.path, size: file.sizeBytes }).encode(), block]);
}

/**
 * The tar stream of `files` under `folder`: ustar, pax records only for paths that ustar cannot hold, owner 0, one time.
 * Calls `onFile` with the digest once a file went through, so that each file is read once.
 */
export async function* tarBlocks(
  folder: string,
  files: readonly PackedFile[],
  onFile: (file: Omit<FileEntry, 'sha256'> & { readonly sha256: string }) => void,
): AsyncGenerator<Buffer> {
  for (const file of files) {
    yield header(file);
    const sha256 = createHash('sha256');
    let readBytes = 0;
    // O_NOFOLLOW: what was listed as a file may have become a link since.
    const handle = await open(join(folder, file.path), constants.O_RDONLY | constants.O_NOFOLLOW);
    for await (const piece of handle.createReadStream({ highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
      readBytes += piece.length;
      if (readBytes > file.sizeBytes) break;
      sha256.update(piece);
      yield piece;
    }
    if (readBytes !== file.sizeBytes) {
      throw new CodedError('upgrade_manifest_invalid', { field: 'artefacts.files', rule: 'changed while it was packed', path: file.path });
    }
    yield padding(file.sizeBytes);
    onFile({ path: file.path, mode: file.mode, size: file.sizeBytes, sha256: sha256.digest('hex') });
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}
