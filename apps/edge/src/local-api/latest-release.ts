import { accept, refuse, type Refusal, type Verdict } from '@tidegate/contract-errors';
import type { ReleaseVersion } from '@tidegate/contract-manifest';
import { compareVersions } from '@tidegate/domain-version-policy';
import type { ManifestVerifier, ReleaseSource, VerifiedManifest } from '@tidegate/engine-upgrade';
import type { EdgeConfig } from '../config/edge-config.ts';

export interface LatestParts {
  readonly source: ReleaseSource;
  readonly verifier: ManifestVerifier;
  readonly allowedChannels: EdgeConfig['upgrade']['allowed_channels'];
  readonly running: ReleaseVersion;
  /** On a clock that never steps. */
  readonly uptimeSecs: () => number;
}

/** Public sources allow sixty unsigned requests an hour; a person who reloads must not use them up. */
const KEPT_SECS = 60;
/** Newer ones of other channels are passed over, but not for ever: each look is a download. */
const LOOKS = 5;

/**
 * The newest release whose statement verifies and whose channel this node allows. Only a look: what an attempt installs is
 * resolved and verified anew. Refuses with the source's codes, or with the first release's own when none verifies.
 */
export function latestRelease(parts: LatestParts): () => Promise<Verdict<object>> {
  let kept: { readonly answer: Promise<Verdict<object>>; readonly atSecs: number } | undefined;
  return () => {
    if (kept && parts.uptimeSecs() - kept.atSecs < KEPT_SECS) return kept.answer;
    const answer = look(parts);
    const mine = { answer, atSecs: parts.uptimeSecs() };
    kept = mine;
    const forget = (): void => {
      if (kept === mine) kept = undefined;
    };
    // A refusal is not kept: whoever mends the cause wants to see it.
    void answer.then((verdict) => verdict.ok || forget(), forget);
    return answer;
  };
}

async function look({ source, verifier, allowedChannels, running }: LatestParts): Promise<Verdict<object>> {
  const { signal } = new AbortController();
  const listed = await source.listVersions(signal);
  if (!listed.ok) return listed;
  const newestFirst = listed.value.toSorted((a, b) => compareVersions(b, a));
  let refusal: Refusal | undefined;
  for (const version of newestFirst.slice(0, LOOKS)) {
    const verified = await verify(version, source, verifier, signal);
    if (!verified.ok) refusal ??= verified;
    else if (allowedChannels.includes(verified.value.manifest.channel)) return accept(described(verified.value, running));
  }
  return refusal ?? refuse('upgrade_release_not_found', { reason: 'no release of an allowed channel', channels: allowedChannels });
}

async function verify(
  version: ReleaseVersion,
  source: ReleaseSource,
  verifier: ManifestVerifier,
  signal: AbortSignal,
): Promise<Verdict<VerifiedManifest>> {
  const statement = await source.fetchStatement(version, signal);
  return statement.ok ? verifier.verify(statement.value.manifestBytes, statement.value.bundleBytes) : statement;
}

const described = ({ manifest, digest, signer }: VerifiedManifest, running: ReleaseVersion): object => ({
  version: manifest.version,
  channel: manifest.channel,
  released_at: manifest.released_at,
  sequence: manifest.sequence,
  manifest_sha256: digest,
  signer,
  notes_url: manifest.notes_url ?? null,
  running,
  check: compareVersions(manifest.version, running) > 0 ? 'upgrade-available' : 'up-to-date',
});
