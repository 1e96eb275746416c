/**
 * What the node's own sources say since the release that is asked for: a manager may ask for one that its publisher has taken
 * back (a rollback, or a fleet that is kept from the news). Best effort, because whoever controls the only source can hide
 * anything but cannot be told from one that is out: what cannot be listed, fetched or verified changes nothing. What a
 * verified statement says does.
 */
import type { Manifest, ReleaseVersion, Sha256 } from '@tidegate/contract-manifest';
import { compareVersions, type NodeMemory } from '@tidegate/domain-version-policy';
import type { EngineParts } from './engine-parts.ts';
import { raisedFloor } from './node-memory.ts';

/** Statements fetched for one attempt; each is a few requests and at most 8 MiB. */
const LOOKS = 5;
/** For all of them together: a source that is slow to tell must not hold a good upgrade up for long. */
const LOOK_MS = 20_000;

export interface News {
  /** Digests that any verified statement revokes; known ones among them. */
  readonly revoked: readonly Sha256[];
  /** Highest floor of newer statements of the same channel. */
  readonly floor: NodeMemory['floor'];
}

/** Never rejects, and takes no longer than its time. */
export async function lookForNews(parts: EngineParts, asked: Manifest, memory: NodeMemory, outer: AbortSignal): Promise<News> {
  const timeout = new AbortController();
  const stop = parts.clock.every(LOOK_MS, () => timeout.abort('looked long enough'));
  try {
    return await look(parts, asked, memory, AbortSignal.any([outer, timeout.signal]));
  } finally {
    stop();
  }
}

async function look(parts: EngineParts, asked: Manifest, memory: NodeMemory, signal: AbortSignal): Promise<News> {
  let news: News = { revoked: [], floor: null };
  const unseen = (what: object): void => parts.log('newer statements were not seen', { asked: asked.version, ...what });
  const listed = await parts.source.listVersions(signal);
  if (!listed.ok) {
    unseen({ code: listed.code });
    return news;
  }
  for (const version of worthALook(listed.value, asked.version, memory)) {
    const manifest = await statementOf(parts, version, signal);
    if (manifest.ok) news = add(news, manifest.value, asked);
    else unseen({ version, code: manifest.code });
  }
  return news;
}

async function statementOf(parts: EngineParts, version: ReleaseVersion, signal: AbortSignal) {
  const statement = await parts.source.fetchStatement(version, signal);
  if (!statement.ok) return statement;
  const verified = await parts.verifier.verify(statement.value.manifestBytes, statement.value.bundleBytes);
  return verified.ok ? { ok: true as const, value: verified.value.manifest } : verified;
}

/** A revocation holds whoever says it; a floor is of its channel, and only a newer statement raises it over this one. */
const add = (news: News, manifest: Manifest, asked: Manifest): News => ({
  revoked: [...new Set([...news.revoked, ...manifest.revoked])],
  floor:
    manifest.channel === asked.channel && manifest.sequence > asked.sequence
      ? raisedFloor(news.floor, manifest.security_floor)
      : news.floor,
});

/**
 * Higher versions, and those listed before the one asked for: a backport is newer than a higher version. Highest and newest take
 * turns, pre-releases last where none is asked for: a nightly channel must not use all looks up. Committed ones are known.
 */
function worthALook(listed: readonly ReleaseVersion[], asked: ReleaseVersion, memory: NodeMemory): readonly ReleaseVersion[] {
  const place = listed.indexOf(asked);
  const unknown = listed.filter((one) => one !== asked && !Object.hasOwn(memory.statements, one));
  const newest = unknown.filter((one) => compareVersions(one, asked) > 0 || place === -1 || listed.indexOf(one) < place);
  const highest = newest.toSorted((a, b) => compareVersions(b, a));
  const inTurns = [...new Set(newest.flatMap((one, index) => [highest[index] ?? one, one]))];
  const kind = (one: ReleaseVersion): number => (one.includes('-') === asked.includes('-') ? 0 : 1);
  return inTurns.toSorted((a, b) => kind(a) - kind(b)).slice(0, LOOKS);
}
