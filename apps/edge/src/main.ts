import { ERRORS, isCodedError } from '@tidegate/contract-errors';
import { readEnvironment, type EdgeEnvironment } from './environment.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { log, nameError } from './start/log.ts';
import { probe } from './start/probe.ts';
import { run } from './start/run.ts';

/** What has to start fast is in this file; everything a person may ask for is loaded when it is asked for. */
async function main(words: readonly string[]): Promise<number> {
  const environment = readEnvironment(process.env);
  if (words.length === 1 && words[0] === 'run') {
    await run(environment);
    return EXIT.ok;
  }
  if (words.length === 1 && words[0] === 'probe') return probeOnce(environment);
  const { runCommand } = await import('./commands/run-command.ts');
  return runCommand(words, environment);
}

async function probeOnce(environment: EdgeEnvironment): Promise<number> {
  const verdict = await probe(environment);
  if (verdict.ok) return EXIT.ok;
  process.stderr.write(`${verdict.code}: ${ERRORS[verdict.code].meaning} ${JSON.stringify(verdict.details)}\n`);
  return EXIT.refused;
}

/** A refusal is one clear line for a person; anything else is a fault, and says no more than its name. */
function reportFailure(error: unknown): number {
  if (!isCodedError(error)) {
    log('error', 'fault', nameError(error));
    return EXIT.fault;
  }
  const { meaning, hint } = ERRORS[error.code];
  process.stderr.write(`${error.code}: ${meaning} ${hint} ${JSON.stringify(error.details)}\n`);
  return exitCodeOf(error.code);
}

// The supervisor starts it again; going on after an unknown fault would be guessing.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    log('error', 'fault', { event, ...nameError(error) });
    process.exit(EXIT.fault);
  });
}

void main(process.argv.slice(2))
  .catch(reportFailure)
  .then((code) => process.exit(code));
