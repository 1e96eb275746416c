import type { ConfigFile } from './config-files.ts';

export interface MergedConfig {
  readonly merged: unknown;
  /** Dotted key of each given value -> the file that gave it last. */
  readonly origins: ReadonlyMap<string, string>;
}

/** Later files win, key by key; a list or a plain value is replaced as a whole. */
export function mergeConfig(files: readonly ConfigFile[]): MergedConfig {
  const origins = new Map<string, string>();
  let merged: unknown = {};
  for (const { name, content } of files) {
    merged = merge(merged, content);
    for (const [key] of leaves(content)) origins.set(key, name);
  }
  return { merged, origins };
}

function merge(under: unknown, over: unknown): unknown {
  if (!isRecord(under) || !isRecord(over)) return over;
  // Not by assignment: a file with the key `__proto__` must stay data.
  const merged = Object.entries(over).map(([key, value]) => [key, Object.hasOwn(under, key) ? merge(under[key], value) : value] as const);
  return { ...under, ...Object.fromEntries(merged) };
}

/** Plain values and lists, each with its dotted key. */
export function* leaves(value: unknown, path = ''): Generator<readonly [key: string, value: unknown]> {
  if (!isRecord(value)) {
    if (path !== '') yield [path, value];
    return;
  }
  for (const [key, inner] of Object.entries(value)) yield* leaves(inner, path === '' ? key : `${path}.${key}`);
}

/** Dotted keys that were given and that the schema dropped. */
export function unknownKeys(given: unknown, kept: unknown, path = ''): string[] {
  if (Array.isArray(given) && Array.isArray(kept)) return given.flatMap((one, index) => unknownKeys(one, kept[index], `${path}${index}.`));
  if (!isRecord(given) || !isRecord(kept)) return [];
  return Object.keys(given).flatMap((key) =>
    Object.hasOwn(kept, key) ? unknownKeys(given[key], kept[key], `${path}${key}.`) : [`${path}${key}`],
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
