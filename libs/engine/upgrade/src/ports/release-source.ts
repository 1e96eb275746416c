import type { Artefact, ReleaseVersion } from '@tidegate/contract-manifest';
import type { Verdict } from '@tidegate/contract-errors';

/** The raw bytes that are verified before anything parses them. */
export interface Statement {
  readonly manifestBytes: Uint8Array;
  readonly bundleBytes: Uint8Array;
  /** Host the bytes came from, for people; carries no trust. */
  readonly origin: string;
}

/** Where releases come from. Builds every URL itself; bytes it returns are untrusted. */
export interface ReleaseSource {
  /** Versions of the newest releases, in the source's order. Names only: nothing of it is verified. Refuses as `fetchStatement`. */
  listVersions(signal: AbortSignal): Promise<Verdict<readonly ReleaseVersion[]>>;
  /** Idempotent. Refuses with upgrade_release_not_found, upgrade_network_error, upgrade_url_invalid, upgrade_manifest_invalid (over the caps). */
  fetchStatement(version: ReleaseVersion, signal: AbortSignal): Promise<Verdict<Statement>>;
  /**
   * Streams an artefact's bytes from `offset` (the start of a chunk, below its size), resuming by itself after cut connections; never yields a byte twice and never
   * one beyond `artefact.size`. The iterator throws CodedError (upgrade_network_error, upgrade_timeout, upgrade_url_invalid).
   */
  openArtefact(
    version: ReleaseVersion,
    artefact: Artefact,
    offset: number,
    signal: AbortSignal,
  ): Promise<Verdict<AsyncIterable<Uint8Array>>>;
}
