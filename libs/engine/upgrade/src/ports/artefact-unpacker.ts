import type { Artefact } from '@tidegate/contract-manifest';
import type { Verdict } from '@tidegate/contract-errors';

export interface UnpackProgress {
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

/**
 * One pass: checks each chunk against the signed digests, then inflates it, then writes exactly the listed files.
 * No byte reaches a decompressor or parser before its chunk was verified.
 */
export interface ArtefactUnpacker {
  /**
   * Creates `folder` (must not exist; mode 0700 until done) and fills it; every file and folder is fsynced before it returns.
   * On any refusal nothing is left of `folder`. Refuses with upgrade_checksum_mismatch, upgrade_extract_failed,
   * upgrade_disk_full, upgrade_storage_error, and passes on the codes the input throws.
   */
  unpack(
    input: AsyncIterable<Uint8Array>,
    artefact: Artefact,
    folder: string,
    options: {
      readonly signal: AbortSignal;
      readonly onProgress: (progress: UnpackProgress) => void;
      /** Each chunk once it is verified, in order; its memory is reused when the promise has resolved. A rejection ends the unpacking. */
      readonly onChunk?: (chunk: Uint8Array) => Promise<void>;
    },
  ): Promise<Verdict<void>>;
}
