import { resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';

export interface StartOptions {
  readonly command: 'start';
  readonly port: number;
  readonly dataDir: string;
  /** 0 with --no-fleet. */
  readonly nodeCount: number;
}
export interface DemoOptions {
  readonly command: 'demo';
  /** Where to leave the logs when it fails; a temporary folder, always removed, when not given. */
  readonly keepDir?: string;
}
export type Options = StartOptions | DemoOptions;

const MAX_NODES = 50;

const wholeNumber = (lowest: number, highest: number) => (text: string) => {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= lowest && value <= highest) return value;
  throw new InvalidArgumentError(`It must be a whole number from ${lowest} to ${highest}.`);
};

export interface Terminal {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

/** Reads the command line; `exit` carries the code after help was shown (0) or a mistake was explained (2). */
export function readOptions(argv: readonly string[], cwd: string, terminal: Terminal): Options | { readonly exit: number } {
  let chosen: Options | undefined;
  const program = new Command('tidegate').exitOverride().configureOutput(terminal);
  program
    .command('start')
    .description('Start the manager, the console, a release source and a small fleet on this machine.')
    .option('--port <number>', 'port of console, API and node sockets on 127.0.0.1', wholeNumber(1, 65_535), 8080)
    .option('--data-dir <folder>', 'where everything is kept; a second start finds it again', '.tidegate')
    .option('--nodes <number>', 'how many edge nodes to run', wholeNumber(1, MAX_NODES), 6)
    .option('--no-fleet', 'run no edge nodes')
    .action((given: { port: number; dataDir: string; nodes: number; fleet: boolean }) => {
      chosen = { command: 'start', port: given.port, dataDir: resolve(cwd, given.dataDir), nodeCount: given.fleet ? given.nodes : 0 };
    });
  program
    .command('demo')
    .description('Drive upgrades and reverts through the API and print one JSON line per step.')
    .requiredOption('--once', 'run the scenario once, clean up, and end with 0 when everything held')
    .option('--keep <folder>', 'use this empty folder and leave it behind, to look at logs and slots afterwards')
    .action((given: { keep?: string }) => {
      chosen = { command: 'demo', ...(given.keep !== undefined && { keepDir: resolve(cwd, given.keep) }) };
    });
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return { exit: error.exitCode === 0 ? 0 : 2 };
    throw error;
  }
  return chosen ?? { exit: 2 };
}
