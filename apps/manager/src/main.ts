import { parseArgs } from 'node:util';
import { isCodedError } from '@tidegate/contract-errors';
import { startManager } from './manager.ts';
import { createLog, createNotifier, readConfig, systemClock } from './platform/index.ts';

const USAGE = 'usage: tidegate-manager serve --config FILE';

async function serve(configFile: string): Promise<void> {
  const log = createLog(process.env['LOG_LEVEL'] ?? 'info');
  const notifier = createNotifier(process.env);
  const config = await readConfig(configFile, process.env);
  notifier.status('starting');
  notifier.watch(systemClock);
  const manager = await startManager({ config, clock: systemClock, log, notifier });
  let asked = 0;
  const stop = (signal: NodeJS.Signals): void => {
    // A second signal means: now. The kernel stops the database with us.
    if (++asked > 1) process.exit(1);
    log.info({ signal }, 'stopping');
    notifier.stopping();
    manager.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}

async function main(args: string[]): Promise<void> {
  const { positionals, values } = parseArgs({ args, allowPositionals: true, options: { config: { type: 'string' } } });
  if (positionals[0] !== 'serve' || values.config === undefined) {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = 2;
    return;
  }
  await serve(values.config);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const known = isCodedError(error)
    ? { code: error.code, details: error.details }
    : { code: (error as NodeJS.ErrnoException).code ?? 'internal_error' };
  process.stderr.write(`${JSON.stringify({ level: 'fatal', ...known, msg: error instanceof Error ? error.message : '' })}\n`);
  process.exit(1);
});
