import { readFile } from 'node:fs/promises';
import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import { edgeConfig, type EdgeConfig } from './edge-config.ts';

export interface LoadedConfig {
  readonly config: EdgeConfig;
  /** Dotted keys nobody reads: a warning only, because a newer version's configuration must still start after a revert. */
  readonly unknownKeys: readonly string[];
}

/** Refuses with `config_invalid`; the details name file, key and rule, never a value: values may be secrets. */
export async function loadConfig(file: string): Promise<Verdict<LoadedConfig>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return refuse('config_invalid', { file, key: '', rule: `cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}` });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse('config_invalid', { file, key: '', rule: 'is no JSON' });
  }
  const parsed = edgeConfig.safeParse(json);
  if (parsed.success) return accept({ config: parsed.data, unknownKeys: unknownKeys(json, parsed.data) });
  const first = parsed.error.issues[0];
  return refuse('config_invalid', { file, key: first?.path.join('.') ?? '', rule: first?.message ?? 'invalid' });
}

/** What the schema dropped. Arrays hold plain values only, so they are not looked into. */
function unknownKeys(given: unknown, kept: unknown, path = ''): string[] {
  if (!isRecord(given) || !isRecord(kept)) return [];
  return Object.keys(given).flatMap((key) =>
    Object.hasOwn(kept, key) ? unknownKeys(given[key], kept[key], `${path}${key}.`) : [`${path}${key}`],
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
