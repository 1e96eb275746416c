import { parseArgs } from 'node:util';
import { isCodedError } from '@tidegate/contract-errors';
import { Misused, say, type Command, type ExitCode } from './command.ts';
import { backup, restore } from './backup.ts';
import { config } from './config.ts';
import { createAdmin } from './create-admin.ts';
import { doctor } from './doctor.ts';
import { migrateCommand } from './migrate.ts';
import { rotateSecretsCommand } from './rotate-secrets.ts';
import { seal } from './seal.ts';
import { serve } from './serve.ts';

const COMMANDS: Readonly<Record<string, Command>> = {
  serve,
  migrate: migrateCommand,
  'create-admin': createAdmin,
  backup,
  restore,
  doctor,
  seal,
  'rotate-secrets': rotateSecretsCommand,
  config,
};

const OVERVIEW = `usage: tidegate-manager COMMAND [options]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(14)} ${summary}`)
  .join('\n')}

tidegate-manager COMMAND --help says more.
Exit codes: 0 done, 1 refused or something was found (a code of docs/errors.md on the standard error), 2 not understood.`;

const helpOf = (name: string, command: Command): string =>
  `usage: tidegate-manager ${name} ${command.synopsis}\n\n${command.summary}\n\n${command.help}`;

/** @returns the exit code; undefined for what goes on until a signal ends it. */
export async function runCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<ExitCode | undefined> {
  const [name = '', ...rest] = args;
  if (['--help', '-h', 'help', ''].includes(name)) {
    if (name === '') return misused(OVERVIEW);
    say(OVERVIEW);
    return 0;
  }
  const command = COMMANDS[name];
  if (!command) return misused(OVERVIEW);
  if (rest.includes('--help') || rest.includes('-h')) {
    say(helpOf(name, command));
    return 0;
  }
  try {
    const { values, positionals } = parseArgs({ args: [...rest], options: command.options, allowPositionals: true });
    if (positionals.length !== (command.words ?? 0)) throw new Misused(`${name}: ${command.synopsis}`);
    const options = values as Readonly<Record<string, string | boolean | undefined>>;
    return await command.run({ words: positionals, options, environment });
  } catch (error) {
    const unknown = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') ?? false;
    if (unknown || error instanceof Misused) return misused(`${(error as Error).message}\n${helpOf(name, command)}`);
    return refused(error);
  }
}

function misused(text: string): ExitCode {
  process.stderr.write(`${text}\n`);
  return 2;
}

/** One line, as the log’s: whatever reads the journal reads it too. */
function refused(error: unknown): ExitCode {
  const line = isCodedError(error)
    ? { code: error.code, details: error.details, msg: error.message }
    : { code: (error as NodeJS.ErrnoException).code ?? 'internal_error', msg: error instanceof Error ? error.message : '' };
  process.stderr.write(`${JSON.stringify({ level: 'fatal', ...line })}\n`);
  return 1;
}
