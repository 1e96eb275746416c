import { CodedError } from '@tidegate/contract-errors';
import { backoffMs } from './backoff.ts';
import { startDeadline } from './deadline.ts';
import type { DownloadClock, DownloadLimits } from './download-limits.ts';
import { abortError, errorName, TransientNetworkError } from './fetch-errors.ts';
import { discard, type HttpAnswer } from './http-get.ts';
import { Pace } from './pace.ts';

export interface RangedDownloadOptions {
  /** Where to begin; bytes before it are the caller's already. */
  readonly offsetBytes: number;
  /** No byte beyond this is yielded. */
  readonly sizeBytes: number;
  /** Sends one request from the first URL on; throws CodedError. */
  readonly open: (headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<HttpAnswer>;
  readonly clock: DownloadClock;
  readonly random: () => number;
  readonly limits: DownloadLimits;
  readonly signal: AbortSignal;
}

/** What tells one stored object from another between two connections. */
interface ObjectIdentity {
  readonly etag: string | null;
  readonly totalBytes: number | null;
}

/**
 * Streams one object from `offsetBytes`, over as many connections as it takes. Bytes are untrusted: the manifest's chunk
 * digests judge them. What holds here: no byte twice, no byte of another object after those of this one, no more than
 * `sizeBytes`. A source that ends early without an error ends the stream early, and the reader finds it too short.
 */
export async function* rangedDownload(options: RangedDownloadOptions): AsyncGenerator<Uint8Array> {
  const { clock, limits, sizeBytes } = options;
  const deadline = startDeadline(clock, limits.deadlineMs, options.signal);
  const pace = new Pace(clock, limits);
  let identity: ObjectIdentity | null = null;
  let offset = options.offsetBytes;
  let failures = 0;
  try {
    while (offset < sizeBytes) {
      try {
        const opened: OpenedRange = await openAt(options, offset, identity, deadline.signal);
        identity ??= opened.identity;
        for await (const piece of pieces(opened, pace, deadline.signal, sizeBytes - offset)) {
          offset += piece.length;
          failures = 0;
          yield piece;
        }
        return;
      } catch (error) {
        if (!(error instanceof TransientNetworkError)) throw error;
        failures += 1;
        if (failures > limits.maxRetries) throw new CodedError(error.code, { ...error.details, received_bytes: offset });
        await clock.wait(backoffMs(failures, limits, options.random), deadline.signal);
        if (deadline.signal.aborted) throw abortError(deadline.signal);
      }
    }
  } finally {
    deadline.release();
  }
}

interface OpenedRange {
  readonly answer: HttpAnswer;
  /** Bytes to drop: the server sent the whole again. */
  readonly skipBytes: number;
  readonly identity: ObjectIdentity;
}

const contradiction = (answer: HttpAnswer, rule: string): CodedError => {
  discard(answer);
  return new CodedError('upgrade_network_error', { host: answer.host, status: answer.status, rule });
};

async function openAt(
  options: RangedDownloadOptions,
  offset: number,
  known: ObjectIdentity | null,
  signal: AbortSignal,
): Promise<OpenedRange> {
  const headers: Record<string, string> = {};
  if (offset > 0) {
    headers['range'] = `bytes=${offset}-`;
    // If-Range takes strong validators only (RFC 9110 13.1.5); without one the comparison below and the digests decide.
    if (known?.etag?.startsWith('"')) headers['if-range'] = known.etag;
  }
  const answer = await options.open(headers, signal);
  const encoding = answer.header('content-encoding');
  if (encoding !== undefined && encoding !== 'identity') throw contradiction(answer, 'encoded');
  const etag = answer.header('etag') ?? null;

  if (answer.status === 206) {
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.header('content-range') ?? '');
    if (offset === 0 || !range || Number(range[1]) !== offset) throw contradiction(answer, 'wrong range');
    const totalBytes = range[3] === '*' ? null : Number(range[3]);
    if (differs(known, { etag, totalBytes })) throw contradiction(answer, 'changed during the download');
    return { answer, skipBytes: 0, identity: { etag, totalBytes } };
  }
  if (answer.status !== 200) throw contradiction(answer, 'unexpected status');
  const length = answer.header('content-length');
  const identity = { etag, totalBytes: length === undefined ? null : Number(length) };
  if (differs(known, identity)) throw contradiction(answer, 'changed during the download');
  // The same object from its start: some servers know no ranges. What was delivered already is dropped here.
  return { answer, skipBytes: offset, identity };
}

const differs = (known: ObjectIdentity | null, now: ObjectIdentity): boolean =>
  known !== null &&
  (known.etag !== now.etag || (known.totalBytes !== null && now.totalBytes !== null && known.totalBytes !== now.totalBytes));

async function* pieces(opened: OpenedRange, pace: Pace, signal: AbortSignal, wantedBytes: number): AsyncGenerator<Uint8Array> {
  const { answer } = opened;
  let skip = opened.skipBytes;
  let left = wantedBytes;
  const iterator = (answer.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  try {
    while (left > 0) {
      const result = await pace.read(() => iterator.next().catch((error: unknown) => Promise.reject(readFailure(error, answer, signal))));
      if (result.done) return;
      const fresh = result.value.subarray(Math.min(skip, result.value.length));
      skip -= result.value.length - fresh.length;
      const piece = fresh.subarray(0, left);
      left -= piece.length;
      if (piece.length > 0) yield piece;
      await pace.hold(result.value.length, signal);
      if (signal.aborted) throw abortError(signal);
    }
  } finally {
    discard(answer);
  }
}

const readFailure = (error: unknown, answer: HttpAnswer, signal: AbortSignal): CodedError =>
  signal.aborted ? abortError(signal) : new TransientNetworkError({ host: answer.host, error: errorName(error) });
