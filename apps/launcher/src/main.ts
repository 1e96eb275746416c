import { isCodedError } from '@tidegate/contract-errors';
import { readOptions, type Options } from './start/options.ts';
import { refusalLine } from './system/refusal-line.ts';

/**
 * One abort for every way of being asked to end. npm passes Ctrl-C on as well, so the same wish arrives twice or three
 * times; the second must not turn an orderly stop into a crash. Stopping has its own deadline for each process.
 */
function endOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => controller.abort());
  // A terminal or pipe that went away is no reason to die half-way through stopping.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => controller.abort());
  return controller.signal;
}

async function run(options: Options, signal: AbortSignal): Promise<number> {
  const say = (line: string) => void process.stderr.write(`tidegate: ${line}\n`);
  if (options.command === 'demo') {
    const { runDemo } = await import('./demo/demo.ts');
    const print = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`);
    const passed = await runDemo({ ...(options.keepDir !== undefined && { keepDir: options.keepDir }), print, say, signal });
    return passed ? 0 : 1;
  }
  const { start } = await import('./start/start.ts');
  await start(options, say, signal);
  return 0;
}

const options = readOptions(process.argv.slice(2), process.cwd(), {
  writeOut: (text) => void process.stdout.write(text),
  writeErr: (text) => void process.stderr.write(text),
});
if ('exit' in options) {
  process.exitCode = options.exit;
} else {
  const signal = endOnSignals();
  try {
    process.exitCode = await run(options, signal);
  } catch (error) {
    if (!signal.aborted) {
      process.stderr.write(
        `${isCodedError(error) ? refusalLine(error) : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
      process.exitCode = 1;
    }
  }
}
