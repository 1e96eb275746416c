import { effectiveSettings } from '../config/effective-settings.ts';
import { examineConfig } from '../config/load-config.ts';
import { EXIT } from '../exit-codes.ts';
import type { Command } from './command-answer.ts';

/**
 * `config print [--check]`: what holds and where it comes from. `--check` also refuses keys nobody reads: they are a warning
 * at run time only so that a revert to the version before still starts.
 */
export const configPrint: Command = async ({ environment, check }) => {
  const { loaded, problems } = await examineConfig(environment);
  const settings = loaded ? effectiveSettings(loaded) : [];
  const unknownKeys = loaded?.unknownKeys ?? [];
  const width = Math.max(0, ...settings.map(({ key }) => key.length));
  const lines = [
    ...settings.map(({ key, value, from }) => `${key.padEnd(width)} = ${JSON.stringify(value)}  # ${from}`),
    ...unknownKeys.map((key) => `${check ? 'error' : 'warning'}: ${key} is no key this version knows`),
    ...problems.map(({ file, key, rule }) => `error: ${[file, key, rule].filter((part) => part !== '').join(': ')}`),
  ];
  const usable = problems.length === 0 && !(check && unknownKeys.length > 0);
  return {
    exit: usable ? EXIT.ok : EXIT.config_invalid,
    json: { ok: usable, files: loaded?.files ?? [], settings, unknown_keys: unknownKeys, problems },
    lines,
  };
};
