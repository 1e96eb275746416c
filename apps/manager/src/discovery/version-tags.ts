import type { RemoteTag } from '@tidegate/adapter-git-remote';
import { releaseVersion } from '@tidegate/contract-manifest';
import { compare, rcompare } from 'semver';

/** A tag that is a version of the product. */
export interface VersionTag {
  readonly version: string;
  readonly tag: string;
  readonly commit: string;
  readonly tagObject: string | null;
}

const PLACE = '{version}';
/** Beyond this nobody reads on; the newest stay. */
const MAX_VERSIONS = 5000;

/** What every tag of the pattern begins with. */
export const prefixOf = (pattern: string): string => pattern.slice(0, pattern.indexOf(PLACE));

export const tagOf = (pattern: string, version: string): string => pattern.replace(PLACE, () => version);

/** Newest first. A tag that is no strict version is somebody else's, not an error. */
export function versionTags(tags: readonly RemoteTag[], pattern: string): VersionTag[] {
  const tail = pattern.slice(pattern.indexOf(PLACE) + PLACE.length);
  const head = prefixOf(pattern);
  const found = tags.flatMap(({ name, commit, tagObject }): VersionTag[] => {
    if (name.length < head.length + tail.length || !name.startsWith(head) || !name.endsWith(tail)) return [];
    const version = releaseVersion.safeParse(name.slice(head.length, name.length - tail.length));
    return version.success ? [{ version: version.data, tag: name, commit, tagObject }] : [];
  });
  return found.sort((a, b) => rcompare(a.version, b.version)).slice(0, MAX_VERSIONS);
}

/** What nodes report may be no version at all; such a one bounds nothing. */
export const lowestOf = (versions: readonly string[]): string | null =>
  versions.filter((version) => releaseVersion.safeParse(version).success).sort(compare)[0] ?? null;

/** Newer than `above`, newest first; all of them without a bound. */
export const candidatesAbove = (tags: readonly VersionTag[], above: string | null): VersionTag[] =>
  tags.filter((tag) => above === null || compare(tag.version, above) > 0).sort((a, b) => rcompare(a.version, b.version));
