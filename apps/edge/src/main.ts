import { isCodedError, ERRORS, type CodedError } from '@tidegate/contract-errors';
import { readEnvironment } from './environment.ts';
import { log, nameError } from './start/log.ts';
import { probe } from './start/probe.ts';
import { run } from './start/run.ts';
import { readStatus, readVersion } from './start/status.ts';

const HELP = `tidegate-edge: the agent of a managed node

  run               connect to the manager and serve until stopped
  probe             exit 0 when the manager answers and accepts this node's key
  status [-o json]  what this node runs and who it is, as the disk says
  version [-o json] this build and whom it trusts
  help              this text

Install root: TIDEGATE_ROOT (default /opt/tidegate/tidegate-edge).
`;

/** sysexits.h where it has a word for it: supervisors and scripts tell a wrong configuration from a crash by these. */
const EXIT = { ok: 0, refused: 1, usage: 64, fault: 70, root_in_use: 75, identity_unusable: 77, config_invalid: 78 } as const;

async function main([command = 'help', ...options]: readonly string[]): Promise<number> {
  const environment = readEnvironment(process.env);
  const json = options.join(' ') === '-o json' || options.join(' ') === '--output json';
  if (options.length > 0 && !(json && (command === 'status' || command === 'version')))
    return usage(`unknown option: ${options.join(' ')}`);
  switch (command) {
    case 'run': {
      await run(environment);
      return EXIT.ok;
    }
    case 'probe': {
      const verdict = await probe(environment);
      if (!verdict.ok) process.stderr.write(`${verdict.code}: ${ERRORS[verdict.code].meaning} ${JSON.stringify(verdict.details)}\n`);
      return verdict.ok ? EXIT.ok : EXIT.refused;
    }
    case 'status':
    case 'version': {
      const answer = command === 'status' ? await readStatus(environment) : readVersion();
      print(answer, json);
      return EXIT.ok;
    }
    case 'help':
      process.stdout.write(HELP);
      return EXIT.ok;
    default:
      return usage(`unknown command: ${command}`);
  }
}

function usage(problem: string): number {
  process.stderr.write(`tidegate-edge: ${problem}\n\n${HELP}`);
  return EXIT.usage;
}

function print(answer: object, json: boolean): void {
  const lines = json ? [JSON.stringify(answer)] : Object.entries(answer).map(([key, value]) => `${key}: ${String(value ?? '-')}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

function exitCodeOf({ code }: CodedError): number {
  return code === 'root_in_use' || code === 'identity_unusable' || code === 'config_invalid' ? EXIT[code] : EXIT.fault;
}

/** A refusal is one clear line for a person; anything else is a fault, and says no more than its name. */
function reportFailure(error: unknown): number {
  if (!isCodedError(error)) {
    log('error', 'fault', nameError(error));
    return EXIT.fault;
  }
  const { meaning, hint } = ERRORS[error.code];
  process.stderr.write(`${error.code}: ${meaning} ${hint} ${JSON.stringify(error.details)}\n`);
  return exitCodeOf(error);
}

// The supervisor starts it again; going on after an unknown fault would be guessing.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    log('error', 'fault', { event, ...nameError(error) });
    process.exit(EXIT.fault);
  });
}

process.exit(await main(process.argv.slice(2)).catch(reportFailure));
