import { abortError, errorName, TransientNetworkError } from './fetch-errors.ts';
import { discard, type HttpAnswer } from './http-get.ts';

/** The whole body, or null when it is larger than `maxBytes`; then no more of it is read. */
export async function readCapped(answer: HttpAnswer, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | null> {
  const pieces: Uint8Array[] = [];
  let total = 0;
  try {
    for await (const piece of answer.body as AsyncIterable<Uint8Array>) {
      total += piece.length;
      if (total > maxBytes) return null;
      pieces.push(piece);
    }
    return Buffer.concat(pieces, total);
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    throw new TransientNetworkError({ host: answer.host, error: errorName(error) });
  } finally {
    discard(answer);
  }
}
