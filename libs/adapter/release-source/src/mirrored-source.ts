import { accept, isCodedError, type ErrorCode, type Refusal, type Verdict } from '@tidegate/contract-errors';
import type { ReleaseSource } from '@tidegate/engine-upgrade';
import { startDeadline, type Deadline } from './deadline.ts';
import { DEFAULT_LIMITS, type DownloadClock } from './download-limits.ts';
import { SYSTEM_CLOCK } from './system-clock.ts';

/** What another source may cure. A statement or an artefact that does not verify is never among it: that ends the attempt. */
const CURABLE: ReadonlySet<ErrorCode> = new Set([
  'upgrade_network_error',
  'upgrade_timeout',
  'upgrade_release_not_found',
  'upgrade_url_invalid',
  'upgrade_manifest_invalid',
]);

/** A mirror that is silent must not keep the others' answers back. */
const LISTING_MS = 8_000;

/**
 * The first source that serves, in their order; also in the middle of an artefact, which then goes on where the one before
 * ended. Mixing sources is safe: every chunk is checked against its signed digest, whoever sent it. When all fail, the
 * refusal is the primary's. One artefact has one deadline, however many sources take turns in it.
 */
export function mirroredSource(
  primary: ReleaseSource,
  mirrors: readonly ReleaseSource[],
  { clock, deadlineMs }: Times = { clock: SYSTEM_CLOCK, deadlineMs: DEFAULT_LIMITS.deadlineMs },
): ReleaseSource {
  const sources = [primary, ...mirrors];
  const first = async <T>(act: (source: ReleaseSource) => Promise<Verdict<T>>, from = 0): Promise<Verdict<Served<T>>> => {
    let refusal: Refusal | undefined;
    for (const [index, source] of sources.entries()) {
      if (index < from) continue;
      const answer = await act(source);
      if (answer.ok) return accept({ index, value: answer.value });
      refusal ??= answer;
      if (!CURABLE.has(answer.code)) return answer;
    }
    // Only an empty rest of the list comes here without one.
    return refusal ?? { ok: false, code: 'upgrade_release_not_found', details: {} };
  };

  return {
    // All of them, the primary's order first: one honest source is enough to learn that there is something newer.
    async listVersions(signal) {
      const deadline = startDeadline(clock, LISTING_MS, signal);
      const listed = await Promise.all(sources.map((source) => source.listVersions(deadline.signal))).finally(() => deadline.release());
      const answers = listed.flatMap((one) => (one.ok ? [one.value] : []));
      return answers.length > 0 ? accept([...new Set(answers.flat())]) : (listed[0] as Refusal);
    },
    async fetchStatement(version, signal) {
      const served = await first((source) => source.fetchStatement(version, signal));
      return served.ok ? accept(served.value.value) : served;
    },
    async openArtefact(version, artefact, offset, signal) {
      const late = new AbortController();
      const either = AbortSignal.any([signal, late.signal]);
      const open = (from: number, at: number) => first((source) => source.openArtefact(version, artefact, at, either), from);
      const opened = await open(0, offset);
      if (!opened.ok) return opened;
      const within = () => startDeadline(clock, deadlineMs, signal);
      return accept(inTime(within, late, continued(opened.value, offset, open, either)));
    },
  };
}

interface Times {
  readonly clock: DownloadClock;
  /** For one artefact. */
  readonly deadlineMs: number;
}

interface Served<T> {
  readonly index: number;
  readonly value: T;
}
type Bytes = AsyncIterable<Uint8Array>;

/** The time runs from the first read to the last: whoever never reads leaves no timer behind. */
async function* inTime(within: () => Deadline, late: AbortController, bytes: Bytes): AsyncGenerator<Uint8Array> {
  const deadline = within();
  const end = (): void => late.abort(deadline.signal.reason);
  deadline.signal.addEventListener('abort', end, { once: true });
  try {
    yield* bytes;
  } finally {
    deadline.signal.removeEventListener('abort', end);
    deadline.release();
  }
}

/** No byte twice: a later source begins where the one before ended. */
async function* continued(
  opened: Served<Bytes>,
  offset: number,
  open: (from: number, at: number) => Promise<Verdict<Served<Bytes>>>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let serving = opened;
  let at = offset;
  for (;;) {
    try {
      for await (const piece of serving.value) {
        at += piece.length;
        yield piece;
      }
      return;
    } catch (error) {
      if (signal.aborted) throw isCodedError(signal.reason) ? signal.reason : error;
      if (!isCodedError(error) || !CURABLE.has(error.code)) throw error;
      // The time for the whole download is over: another source does not get it again.
      if (error.details['rule'] === 'deadline') throw error;
      const next = await open(serving.index + 1, at);
      if (!next.ok) throw error;
      serving = next.value;
    }
  }
}
