import { parseArgs } from 'node:util';
import { ERRORS, isCodedError, type CodedError } from '@tidegate/contract-errors';
import type { EdgeEnvironment } from '../environment.ts';
import { EXIT, exitCodeOf, type ExitCode } from '../exit-codes.ts';
import { apply, rollback, unblock } from './act.ts';
import type { Command, CommandAnswer } from './command-answer.ts';
import { configPrint } from './config-print.ts';
import { doctor } from './doctor.ts';
import { helpFor } from './help.ts';
import { history, status, version } from './look.ts';
import { verify } from './verify.ts';

const COMMANDS: Readonly<Record<string, { readonly act: Command; readonly args: number }>> = {
  status: { act: status, args: 0 },
  history: { act: history, args: 0 },
  verify: { act: verify, args: 1 },
  apply: { act: apply, args: 0 },
  rollback: { act: rollback, args: 0 },
  unblock: { act: unblock, args: 1 },
  doctor: { act: doctor, args: 0 },
  version: { act: version, args: 0 },
  'config print': { act: configPrint, args: 0 },
};

/** Every command but `run` and `probe`, from words to exit code. */
export async function runCommand(words: readonly string[], environment: EdgeEnvironment): Promise<ExitCode> {
  const parsed = parse(words);
  if ('problem' in parsed) return usage(parsed.problem);
  const { name, args, json, help, check } = parsed;
  if (help || name === 'help' || name === '') {
    process.stdout.write(helpFor(name === 'help' ? args.join(' ') : name));
    return EXIT.ok;
  }
  const command = COMMANDS[name];
  if (!command) return usage(`unknown command: ${name}`);
  if (args.length !== command.args) return usage(`${name} takes ${command.args === 0 ? 'no argument' : 'one argument'}`);
  if (check && name !== 'config print') return usage(`${name} has no --check`);
  try {
    return print(await command.act({ environment, args, check }), json);
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return refuseWith(error, json);
  }
}

interface Parsed {
  readonly name: string;
  readonly args: readonly string[];
  readonly json: boolean;
  readonly help: boolean;
  readonly check: boolean;
}

function parse(words: readonly string[]): Parsed | { readonly problem: string } {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        output: { type: 'string', short: 'o', default: 'text' },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
      },
    });
    const { output, help, check } = values;
    if (output !== 'json' && output !== 'text') return { problem: '--output is text or json' };
    const [first = values.version ? 'version' : '', ...rest] = positionals;
    const two = first === 'config' && rest.length > 0;
    return { name: two ? `${first} ${rest[0]}` : first, args: two ? rest.slice(1) : rest, json: output === 'json', help, check };
  } catch {
    return { problem: `unknown option: ${words.find((word) => word.startsWith('-')) ?? ''}` };
  }
}

function usage(problem: string): ExitCode {
  process.stderr.write(`tidegate-edge: ${problem}\n\n${helpFor('')}`);
  return EXIT.usage;
}

function print({ exit, json: answer, lines }: CommandAnswer, json: boolean): ExitCode {
  process.stdout.write(json ? `${JSON.stringify(answer)}\n` : lines.map((line) => `${line}\n`).join(''));
  return exit;
}

function refuseWith(error: CodedError, json: boolean): ExitCode {
  const { code, details } = error;
  const { meaning, hint } = ERRORS[code];
  if (json) process.stdout.write(`${JSON.stringify({ code, meaning, hint, details })}\n`);
  process.stderr.write(`${code}: ${meaning} ${hint} ${JSON.stringify(details)}\n`);
  return exitCodeOf(code);
}
