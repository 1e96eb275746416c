import { createHash } from 'node:crypto';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import type { Artefact } from '@tidegate/contract-manifest';

export interface ChunkOptions {
  readonly signal: AbortSignal;
  readonly onReceived: (receivedBytes: number) => void;
}

const mismatch = (details: Record<string, string | number>): CodedError => new CodedError('upgrade_checksum_mismatch', details);

export const abortError = (signal: AbortSignal): CodedError =>
  isCodedError(signal.reason) ? signal.reason : new CodedError('upgrade_interrupted', { rule: 'aborted' });

/**
 * Cuts the input into chunks and yields each once its digest equals the signed one: nothing unverified leaves here.
 * Two buffers take turns: a chunk stays valid until the one after next is asked for, so the reader may still work on one
 * while the next arrives, and no more than two chunks of an artefact are ever in memory.
 */
export async function* verifiedChunks(input: AsyncIterable<Uint8Array>, artefact: Artefact, options: ChunkOptions): AsyncGenerator<Buffer> {
  const buffers = [0, 1].map(() => Buffer.allocUnsafe(Math.min(artefact.chunk_size, artefact.size)));
  const whole = createHash('sha256');
  let sha256 = createHash('sha256');
  let index = 0;
  let fill = 0;
  let received = 0;
  const take = (): Buffer => {
    const chunk = (buffers[index % 2] as Buffer).subarray(0, fill);
    if (sha256.digest('hex') !== artefact.chunk_sha256[index]) throw mismatch({ rule: 'chunk', chunk: index });
    sha256 = createHash('sha256');
    index += 1;
    fill = 0;
    return chunk;
  };
  for await (const piece of untilAborted(input, options.signal)) {
    received += piece.length;
    if (received > artefact.size) throw mismatch({ rule: 'too long', expected_bytes: artefact.size });
    options.onReceived(received);
    for (let offset = 0; offset < piece.length;) {
      const part = piece.subarray(offset, offset + artefact.chunk_size - fill);
      const kept = (buffers[index % 2] as Buffer).subarray(fill, fill + part.length);
      kept.set(part);
      // As they come, so that the last byte is not followed by the hashing of a whole chunk.
      sha256.update(kept);
      whole.update(kept);
      fill += part.length;
      offset += part.length;
      if (fill === artefact.chunk_size) yield take();
    }
  }
  if (received !== artefact.size) throw mismatch({ rule: 'too short', expected_bytes: artefact.size, received_bytes: received });
  if (fill > 0) yield take();
  // Follows from the chunks; checked all the same, because other tools check this one only.
  if (whole.digest('hex') !== artefact.sha256) throw mismatch({ rule: 'whole' });
}

/**
 * The input's pieces; a read that never returns does not outlive the signal. One promise for each read, and not a race with
 * one that lasts as long as the download: that would keep every piece it ever lost to, the whole artefact, in memory.
 */
async function* untilAborted(input: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const iterator = input[Symbol.asyncIterator]();
  let giveUp: ((reason: CodedError) => void) | undefined;
  const onAbort = (): void => giveUp?.(abortError(signal));
  const read = (): Promise<IteratorResult<Uint8Array>> =>
    new Promise((resolve, reject) => {
      giveUp = reject;
      if (signal.aborted) return onAbort();
      iterator.next().then(resolve, reject);
    });
  signal.addEventListener('abort', onAbort);
  let done = false;
  try {
    for (;;) {
      const result = await read();
      if (result.done) {
        done = true;
        return;
      }
      yield result.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not awaited: a generator that hangs in a read queues its return behind that read for ever.
    if (!done) iterator.return?.()?.catch(() => undefined);
  }
}
