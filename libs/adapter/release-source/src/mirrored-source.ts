import { accept, isCodedError, type ErrorCode, type Refusal, type Verdict } from '@tidegate/contract-errors';
import type { ReleaseVersion } from '@tidegate/contract-manifest';
import type { ReleaseSource } from '@tidegate/engine-upgrade';

/** What another source may cure. A statement or an artefact that does not verify is never among it: that ends the attempt. */
const CURABLE: ReadonlySet<ErrorCode> = new Set([
  'upgrade_network_error',
  'upgrade_timeout',
  'upgrade_release_not_found',
  'upgrade_url_invalid',
  'upgrade_manifest_invalid',
]);

export interface ListingSource extends ReleaseSource {
  /** Versions of the newest page of releases, in the source's order. Names only: nothing of it is verified. */
  listVersions(signal: AbortSignal): Promise<Verdict<readonly ReleaseVersion[]>>;
}

/**
 * The first source that serves, in their order; also in the middle of an artefact, which then goes on where the one before
 * ended. Mixing sources is safe: every chunk is checked against its signed digest, whoever sent it. When all fail, the
 * refusal is the primary's.
 */
export function mirroredSource(primary: ListingSource, mirrors: readonly ListingSource[]): ListingSource {
  const sources = [primary, ...mirrors];
  const first = async <T>(act: (source: ListingSource) => Promise<Verdict<T>>, from = 0): Promise<Verdict<Served<T>>> => {
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
    async listVersions(signal) {
      const served = await first((source) => source.listVersions(signal));
      return served.ok ? accept(served.value.value) : served;
    },
    async fetchStatement(version, signal) {
      const served = await first((source) => source.fetchStatement(version, signal));
      return served.ok ? accept(served.value.value) : served;
    },
    async openArtefact(version, artefact, offset, signal) {
      const open = (from: number, at: number) => first((source) => source.openArtefact(version, artefact, at, signal), from);
      const opened = await open(0, offset);
      return opened.ok ? accept(continued(opened.value, offset, open, signal)) : opened;
    },
  };
}

interface Served<T> {
  readonly index: number;
  readonly value: T;
}
type Bytes = AsyncIterable<Uint8Array>;

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
      if (signal.aborted || !isCodedError(error) || !CURABLE.has(error.code)) throw error;
      // The time for the whole download is over: another source does not get it again.
      if (error.details['rule'] === 'deadline') throw error;
      const next = await open(serving.index + 1, at);
      if (!next.ok) throw error;
      serving = next.value;
    }
  }
}
