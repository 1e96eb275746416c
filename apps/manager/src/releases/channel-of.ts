import { parse } from 'semver';

/** No prerelease is `stable`; otherwise the first alphabetic identifier names the channel: 1.2.0-beta.1 is `beta`. */
export function channelOf(version: string): string {
  const identifiers = parse(version)?.prerelease ?? [];
  if (identifiers.length === 0) return 'stable';
  const named = identifiers.find((identifier) => typeof identifier === 'string' && /^[A-Za-z]/.test(identifier));
  return typeof named === 'string' ? named.toLowerCase() : 'prerelease';
}
