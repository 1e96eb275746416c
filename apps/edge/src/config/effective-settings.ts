import type { LoadedConfig } from './load-config.ts';
import { leaves } from './merge-config.ts';

export interface Setting {
  readonly key: string;
  /** As it may be shown: credentials in addresses are masked. */
  readonly value: unknown;
  /** The file it came from, or `default`. */
  readonly from: string;
}

/** What holds on this node and why. Values of unknown keys are never shown: nobody knows what they are. */
export const effectiveSettings = ({ config, origins }: Pick<LoadedConfig, 'config' | 'origins'>): Setting[] =>
  [...leaves(config)].map(([key, value]) => ({ key, value: masked(value), from: origins.get(key) ?? 'default' }));

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner)]));
  if (typeof value !== 'string' || !URL.canParse(value)) return value;
  const url = new URL(value);
  if (url.username === '' && url.password === '') return value;
  url.username = '***';
  url.password = '';
  return url.href;
}
