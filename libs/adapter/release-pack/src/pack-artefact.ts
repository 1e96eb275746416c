import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Artefact } from '@tidegate/contract-manifest';
import { ChunkDigests } from './chunk-digests.ts';
import { listFolder } from './list-folder.ts';
import { tarBlocks } from './tar-blocks.ts';

/**
 * A node has two of them in memory, begins to inflate the last one when its last byte is there, and fetches one again after an
 * interruption. The contract allows more.
 */
export const CHUNK_BYTES = 1024 * 1024;

export interface ArtefactOptions {
  /** Everything below it is packed. */
  readonly folder: string;
  /** File name of the artefact, also its asset name. */
  readonly name: string;
  readonly arch: Artefact['arch'];
  readonly variant: Artefact['variant'];
  /** Path inside the folder; must be executable. */
  readonly entrypoint: string;
  readonly outDir: string;
}

/** What a manifest says of an artefact, before the schema has looked at it. */
export type ArtefactRecord = Omit<Artefact, 'sha256' | 'chunk_sha256' | 'files'> & {
  readonly sha256: string;
  readonly chunk_sha256: readonly string[];
  readonly files: readonly { readonly path: string; readonly mode: '0644' | '0755'; readonly size: number; readonly sha256: string }[];
};

/** Writes `outDir/name` in one streaming pass and returns its record. Leaves no half-written file behind. */
export async function packArtefact(options: ArtefactOptions): Promise<{ record: ArtefactRecord; artefactPath: string }> {
  const artefactPath = join(options.outDir, options.name);
  const unfinished = `${artefactPath}.partial`;
  const digests = new ChunkDigests(CHUNK_BYTES);
  const files: ArtefactRecord['files'][number][] = [];
  try {
    await pipeline(
      Readable.from(tarBlocks(options.folder, await listFolder(options.folder), (file) => files.push(file))),
      createGzip(),
      async function* (compressed: AsyncIterable<Buffer>) {
        for await (const piece of compressed) {
          digests.update(piece);
          yield piece;
        }
      },
      createWriteStream(unfinished),
    );
    await rename(unfinished, artefactPath);
  } finally {
    await rm(unfinished, { force: true });
  }
  const { size, sha256, chunkSha256 } = digests.finish();
  const record: ArtefactRecord = {
    arch: options.arch,
    variant: options.variant,
    name: options.name,
    size,
    sha256,
    format: 'tar.gz',
    chunk_size: CHUNK_BYTES,
    chunk_sha256: chunkSha256,
    unpacked_size: files.reduce((total, file) => total + file.size, 0),
    entrypoint: options.entrypoint,
    files,
  };
  return { record, artefactPath };
}
