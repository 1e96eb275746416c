import type { ParseArgsOptionsConfig } from 'node:util';
import { createLog, readConfig, type Log, type ManagerConfig } from '../platform/index.ts';

/** 0: done. 1: refused, or a check found something. 2: not understood. */
export type ExitCode = 0 | 1 | 2;

export interface Given {
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly environment: NodeJS.ProcessEnv;
}

export interface Command {
  /** What comes after its name, for the help. */
  readonly synopsis: string;
  readonly summary: string;
  /** The rest of its help: options, and what its exit codes mean beyond 0, 1 and 2. */
  readonly help: string;
  readonly options: ParseArgsOptionsConfig;
  /** How many words follow its name. */
  readonly words?: number;
  /** `undefined`: it goes on until a signal ends the process. */
  run(given: Given): Promise<ExitCode | undefined>;
}

export const CONFIG_OPTION = { config: { type: 'string' } } as const satisfies ParseArgsOptionsConfig;
export const CONFIG_HELP = '  --config FILE    the configuration (JSON); TIDEGATE_... of the environment wins over it';

export class Misused extends Error {}

export function needed(given: Given, name: string): string {
  const value = given.options[name];
  if (typeof value !== 'string' || value === '') throw new Misused(`--${name} is missing`);
  return value;
}

export const configOf = (given: Given): Promise<ManagerConfig> => readConfig(needed(given, 'config'), given.environment);

/** What a command does is its output; what goes wrong on the way is told beside it. */
export const commandLog = ({ environment }: Given): Log => createLog(environment['LOG_LEVEL'] ?? 'warn', process.stderr);

export const say = (text: string): void => void process.stdout.write(`${text}\n`);
