import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import type { EdgeEnvironment } from '../environment.ts';
import { MAIN_FILE, readConfigFiles, type ConfigProblem } from './config-files.ts';
import { edgeConfig, type EdgeConfig } from './edge-config.ts';
import { mergeConfig, unknownKeys } from './merge-config.ts';

export interface LoadedConfig {
  /** Frozen: what holds was decided at the start. */
  readonly config: EdgeConfig;
  /** Dotted keys nobody reads: a warning only, because a newer version's configuration must still start after a revert. */
  readonly unknownKeys: readonly string[];
  readonly files: readonly string[];
  /** Dotted key -> the file its value came from; absent = the default. */
  readonly origins: ReadonlyMap<string, string>;
}

type Where = Pick<EdgeEnvironment, 'root' | 'startTimeoutSecs'>;

/** Refuses with `config_invalid`; the details name file, key and rule of the first problem, never a value: values may be secrets. */
export async function loadConfig(where: Where): Promise<Verdict<LoadedConfig>> {
  const { loaded, problems } = await examineConfig(where);
  if (loaded) return accept(loaded);
  return refuse('config_invalid', { ...(problems[0] ?? { file: MAIN_FILE, key: '', rule: 'cannot be used' }) });
}

/** Every problem at once, for whoever has to correct them. */
export async function examineConfig({
  root,
  startTimeoutSecs,
}: Where): Promise<{ readonly loaded: LoadedConfig | null; readonly problems: readonly ConfigProblem[] }> {
  const { files, problems } = readConfigFiles(root);
  if (problems.length > 0) return { loaded: null, problems };
  const { merged, origins } = mergeConfig(files);
  const parsed = edgeConfig.safeParse(merged);
  if (!parsed.success) {
    const found = parsed.error.issues.map(({ path, message }) => {
      const key = path.join('.');
      return { file: fileOf(key, origins), key, rule: message };
    });
    return { loaded: null, problems: found };
  }
  const tooShort = windowProblem(parsed.data, startTimeoutSecs, origins);
  if (tooShort) return { loaded: null, problems: [tooShort] };
  const config = deepFreeze(parsed.data);
  return { loaded: { config, unknownKeys: unknownKeys(merged, config), files: files.map(({ name }) => name), origins }, problems: [] };
}

/** A candidate that starts as slowly as its supervisor allows is no bad one: a shorter window would take every such node back. */
function windowProblem(
  config: EdgeConfig,
  startTimeoutSecs: string | undefined,
  origins: ReadonlyMap<string, string>,
): ConfigProblem | null {
  if (startTimeoutSecs === undefined || startTimeoutSecs === '') return null;
  const key = 'upgrade.boot_health_window_secs';
  if (!/^\d{1,5}$/.test(startTimeoutSecs))
    return { file: 'environment', key: 'TIDEGATE_START_TIMEOUT_SECS', rule: 'is no number of seconds' };
  if (config.upgrade.boot_health_window_secs >= Number(startTimeoutSecs)) return null;
  return { file: fileOf(key, origins), key, rule: `is shorter than a start may take (${startTimeoutSecs} s)` };
}

/** The file that gave a key, or the nearest part of it that a file gave. */
function fileOf(key: string, origins: ReadonlyMap<string, string>): string {
  for (let part = key; part !== ''; part = part.slice(0, Math.max(0, part.lastIndexOf('.')))) {
    const file = origins.get(part);
    if (file !== undefined) return file;
  }
  return MAIN_FILE;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
