import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artefact } from '@tidegate/contract-manifest';
import type { PartialDownload, PartialDownloads } from '@tidegate/engine-upgrade';
import { ensureFolder, onDisk } from './durable-file.ts';

const READ_BYTES = 256 * 1024;

/** `staging/<digest>.part`: whole verified chunks of one artefact, appended as they come. */
export function createPartialDownloads(root: string): PartialDownloads {
  const staging = join(root, 'staging');
  const pathOf = ({ sha256 }: Artefact): string => join(staging, `${sha256}.part`);
  return {
    open: (artefact) =>
      onDisk('open partial download', async () => {
        await ensureFolder(staging);
        const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
        const handle = await open(pathOf(artefact), flags, 0o600);
        try {
          const keptBytes = await verifiedPrefix(handle, artefact);
          await handle.truncate(keptBytes);
          return partOf(handle, keptBytes);
        } catch (error) {
          await handle.close();
          throw error;
        }
      }),
    drop: (artefact) => onDisk('drop partial download', () => removeAtOnce(pathOf(artefact))),
  };
}

function partOf(handle: FileHandle, keptBytes: number): PartialDownload {
  let end = keptBytes;
  return {
    keptBytes,
    read: () => readBytes(handle, keptBytes),
    append: (chunk) =>
      onDisk('keep chunk', async () => {
        for (let offset = 0; offset < chunk.length;) {
          const { bytesWritten } = await handle.write(chunk, offset, chunk.length - offset, end);
          offset += bytesWritten;
          end += bytesWritten;
        }
      }),
    close: () => handle.close(),
  };
}

/**
 * Giving back the pages and blocks of 100 MB takes 50 ms. They belong to the last descriptor once the name is gone, so nobody
 * waits for them.
 */
async function removeAtOnce(path: string): Promise<void> {
  const last = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => undefined);
  try {
    await rm(path, { force: true });
  } finally {
    last?.close().catch(() => undefined);
  }
}

async function* readBytes(handle: FileHandle, length: number): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < length;) {
    const piece = Buffer.allocUnsafe(Math.min(READ_BYTES, length - position));
    const { bytesRead } = await onDisk('read partial download', () => handle.read(piece, 0, piece.length, position));
    // Shorter than a moment ago: the reader's own count of bytes finds the stream too short.
    if (bytesRead === 0) return;
    position += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}

/** Bytes of the leading chunks that match their signed digests. A power cut leaves holes and torn ends, never a reason to trust them. */
async function verifiedPrefix(handle: FileHandle, artefact: Artefact): Promise<number> {
  const { size } = await handle.stat();
  const chunk = Buffer.allocUnsafe(Math.min(artefact.chunk_size, size, artefact.size));
  let kept = 0;
  for (const digest of artefact.chunk_sha256) {
    const length = Math.min(artefact.chunk_size, artefact.size - kept);
    if (size - kept < length) return kept;
    for (let filled = 0; filled < length;) {
      const { bytesRead } = await handle.read(chunk, filled, length - filled, kept + filled);
      if (bytesRead === 0) return kept;
      filled += bytesRead;
    }
    if (createHash('sha256').update(chunk.subarray(0, length)).digest('hex') !== digest) return kept;
    kept += length;
  }
  return kept;
}
