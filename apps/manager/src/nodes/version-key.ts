import { parse } from 'semver';

/** Below every identifier, so that a shorter list of them sorts before a longer one. */
const SEPARATOR = ' ';
/** Above every identifier: a release sorts after its prereleases. */
const RELEASED = '~';
/** A number as text that sorts like the number: how many digits it has, then the digits. */
const numberKey = (digits: string): string => String.fromCharCode(0x40 + digits.length) + digits;

/**
 * Text that sorts, byte by byte, as semantic versions do (semver.org 2.0.0, section 11), so that the database can sort and page by
 * it. What is no version sorts below all versions.
 */
export function versionKey(version: string): string {
  const parsed = parse(version);
  if (!parsed) return `!${version}`;
  const triple = [parsed.major, parsed.minor, parsed.patch].map((part) => numberKey(String(part))).join('');
  if (parsed.prerelease.length === 0) return triple + RELEASED;
  // A numeric identifier sorts before any other.
  const identifiers = parsed.prerelease.map((part) => (typeof part === 'number' ? `0${numberKey(String(part))}` : `1${part}`));
  return triple + identifiers.join(SEPARATOR);
}
