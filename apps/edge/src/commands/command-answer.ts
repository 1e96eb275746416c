import type { EdgeEnvironment } from '../environment.ts';
import type { ExitCode } from '../exit-codes.ts';

/** What a command has to say, for programs and for people. */
export interface CommandAnswer {
  readonly exit: ExitCode;
  readonly json: unknown;
  readonly lines: readonly string[];
}

export interface CommandRequest {
  readonly environment: EdgeEnvironment;
  readonly args: readonly string[];
  readonly check: boolean;
}

export type Command = (request: CommandRequest) => Promise<CommandAnswer>;

/** `key: value` lines; what is nested stays JSON. */
export const linesOf = (answer: object): string[] =>
  Object.entries(answer).map(
    ([key, value]) => `${key}: ${typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '-')}`,
  );
