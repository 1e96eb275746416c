import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { ContextFile } from './context-file.ts';
import { badUsage, Ending, EXIT } from './ending.ts';
import { plain } from './plain.ts';
import { buildProgram } from './program.ts';
import type { Surroundings } from './session.ts';

/** Set by the build; a program that runs from source has no version. */
declare const TIDEGATE_CLI_VERSION: string | undefined;
const VERSION = typeof TIDEGATE_CLI_VERSION === 'string' ? TIDEGATE_CLI_VERSION : '0.0.0-source';

const { env, argv, stdin, stdout, stderr } = process;
const interrupt = new AbortController();

const surroundings: Surroundings = {
  stdin,
  stdout,
  stderr,
  contexts: new ContextFile(join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'tidegate', 'contexts.json')),
  signal: interrupt.signal,
  readFile: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw badUsage(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
    }
  },
  now: () => new Date(),
  environment: { url: env['TIDEGATE_URL'] || undefined, token: env['TIDEGATE_TOKEN'] || undefined },
  mayColor: stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
};

/** Code, what happened, what to do, and the id that the manager's log knows the request by. */
function say({ parts }: Ending): void {
  const lines = [
    `tidegate: ${parts.meaning} [${parts.code}]`,
    ...(parts.facts ?? []).map((fact) => `  ${fact}`),
    ...(parts.hint === '' ? [] : [`  ${parts.hint}`]),
    ...(parts.requestId === undefined ? [] : [`  request ${parts.requestId}`]),
  ];
  stderr.write(lines.map((line) => `${plain(line)}\n`).join(''));
}

function exitOf(error: unknown): number {
  if (interrupt.signal.aborted) return EXIT.interrupted;
  if (error instanceof Ending) {
    say(error);
    return EXIT[error.exit];
  }
  // Commander has said it already; asking for help is no mistake, though leaving out the command is.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  // A defect of this program: without its stack nobody could mend it.
  stderr.write(`tidegate: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT.refused;
}

// Once: what waits ends orderly and restores the terminal. Twice: at once.
process.once('SIGINT', () => {
  interrupt.abort();
  process.once('SIGINT', () => process.exit(EXIT.interrupted));
});
// A reader that has seen enough (`| head`) is no failure.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.refused));

try {
  const given = argv.slice(2);
  await buildProgram(surroundings, VERSION).parseAsync(given[0] === '--version' ? ['version'] : given, { from: 'user' });
  process.exitCode = EXIT.done;
} catch (error) {
  process.exitCode = exitOf(error);
}
