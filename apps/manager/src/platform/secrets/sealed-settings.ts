import { isSealed } from './envelope.ts';

export interface SealedSetting {
  /** What `tidegate-manager seal --for` is given. */
  readonly place: string;
  readonly sealed: string;
}

/** Entries of lists are named by what tells them apart, so that a value does not open in another entry. */
const nameOf = (entry: unknown, index: number): string => (entry as { device_type?: string } | null)?.device_type ?? String(index);

export const sourceTokenPlace = (deviceType: string): string => `release_sources.${deviceType}.token`;
export const remoteTokenPlace = (deviceType: string): string => `discovery.remotes.${deviceType}.token`;

/** Every sealed text of a configuration, with its place there. */
export function sealedSettingsOf(value: unknown, path: readonly string[] = []): SealedSetting[] {
  if (typeof value === 'string') return isSealed(value) ? [{ place: path.join('.'), sealed: value }] : [];
  if (Array.isArray(value)) return value.flatMap((entry, index) => sealedSettingsOf(entry, [...path, nameOf(entry, index)]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => sealedSettingsOf(inner, [...path, key]));
}
