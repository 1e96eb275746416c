import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { CodedError } from '@tidegate/contract-errors';
import type { ReleaseFacts } from '../release-statements.ts';

export type SignedArtefact = ReleaseFacts['artefacts'][number];

const READ_BYTES = 256 * 1024;

/**
 * One artefact on its way from the source to the disk, and any number of readers behind it. Bytes are held back until their
 * chunk equals its signed digest; then they are written, and only what is written is ever read. Everybody shares one handle:
 * the file is renamed when it is whole, and may be removed, while readers are still at it.
 */
export class SharedDownload {
  private verifiedBytes = 0;
  private ended = false;
  private fault: Error | undefined;
  private holders = 1;
  private readonly waiting = new Set<() => void>();

  private constructor(
    private readonly file: FileHandle,
    private readonly artefact: SignedArtefact,
  ) {}

  static async create(path: string, artefact: SignedArtefact): Promise<SharedDownload> {
    return new SharedDownload(await open(path, 'wx+', 0o600), artefact);
  }

  /** Before reading; to be given back by `release`. False when it is over already, and the file is to be found elsewhere. */
  acquire(): boolean {
    if (this.holders === 0) return false;
    this.holders += 1;
    return true;
  }

  async release(): Promise<void> {
    this.holders -= 1;
    if (this.holders === 0) await this.file.close();
  }

  /**
   * To the end, or not at all. Whoever runs it gives back the hold it was made with, once the file has its place: until then
   * nobody finds it anywhere else. @throws CodedError upgrade_checksum_mismatch, upgrade_network_error, or what the source throws
   */
  async run(source: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      await this.write(source);
      await this.file.datasync();
    } catch (error) {
      this.fault = error instanceof Error ? error : new Error('the source failed', { cause: error });
      throw error;
    } finally {
      this.ended = true;
      this.wake();
    }
  }

  private async write(source: AsyncIterable<Uint8Array>): Promise<void> {
    const { size, chunk_size: chunkBytes, chunk_sha256: digests, sha256 } = this.artefact;
    const whole = createHash('sha256');
    let held: Uint8Array[] = [];
    let heldBytes = 0;
    let index = 0;
    const release = async (): Promise<void> => {
      const chunk = Buffer.concat(held, heldBytes);
      if (createHash('sha256').update(chunk).digest('hex') !== digests[index])
        throw new CodedError('upgrade_checksum_mismatch', { chunk: index });
      whole.update(chunk);
      await this.file.write(chunk, 0, chunk.length, this.verifiedBytes);
      this.verifiedBytes += chunk.length;
      index += 1;
      [held, heldBytes] = [[], 0];
      this.wake();
    };
    for await (const piece of source) {
      for (let at = 0; at < piece.length;) {
        const wanted = Math.min(chunkBytes, size - this.verifiedBytes) - heldBytes;
        const part = piece.subarray(at, at + wanted);
        held.push(part);
        heldBytes += part.length;
        at += part.length;
        if (part.length === wanted) await release();
        if (this.verifiedBytes === size) break;
      }
      if (this.verifiedBytes === size) break;
    }
    if (this.verifiedBytes !== size)
      throw new CodedError('upgrade_network_error', { rule: 'ends early', received_bytes: this.verifiedBytes });
    if (whole.digest('hex') !== sha256) throw new CodedError('upgrade_checksum_mismatch', { rule: 'whole' });
  }

  private wake(): void {
    for (const go of this.waiting) go();
    this.waiting.clear();
  }

  /** Until the byte at `position` can be read. @throws what ended the download */
  async until(position: number): Promise<void> {
    while (this.verifiedBytes <= position) {
      if (this.fault !== undefined) throw this.fault;
      if (this.ended) return;
      await new Promise<void>((go) => this.waiting.add(go));
    }
  }

  /** Bytes `first` to `last`, as they come; between `acquire` and `release`. @throws what ended the download */
  async *read(first: number, last: number): AsyncGenerator<Uint8Array> {
    for (let at = first; at <= last;) {
      await this.until(at);
      const length = Math.min(READ_BYTES, last + 1 - at, this.verifiedBytes - at);
      const { bytesRead, buffer } = await this.file.read(Buffer.allocUnsafe(Math.max(0, length)), 0, Math.max(0, length), at);
      if (bytesRead === 0) throw new CodedError('upgrade_network_error', { rule: 'ends early' });
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}
