import { startManager } from '../manager.ts';
import { createLog, createNotifier, systemClock } from '../platform/index.ts';
import { CONFIG_HELP, CONFIG_OPTION, configOf, type Command } from './command.ts';

/** Longer than what runs is given to finish (30 s for a request); systemd’s own limit is longer still. */
const STOP_LIMIT_MS = 40_000;

export const serve: Command = {
  synopsis: '--config FILE',
  summary: 'run the manager until SIGTERM or SIGINT; SIGHUP reads the certificate again',
  help: `${CONFIG_HELP}
LOG_LEVEL (trace, debug, info, warn, error; default info) is what goes to the standard output, as JSON lines.
Exit codes: 0 stopped by a signal, 1 could not start, or was asked twice to stop, or did not stop within ${STOP_LIMIT_MS / 1000} s.`,
  options: CONFIG_OPTION,
  async run(given) {
    const log = createLog(given.environment['LOG_LEVEL'] ?? 'info');
    const notifier = await createNotifier(given.environment);
    const config = await configOf(given);
    notifier.status('starting');
    notifier.watch(systemClock);
    const manager = await startManager({ config, clock: systemClock, log, notifier });
    process.on('SIGHUP', () => void manager.reload());
    let asked = 0;
    const stop = (signal: NodeJS.Signals): void => {
      // A second signal means: now. The kernel stops the database with us.
      if (++asked > 1) process.exit(1);
      log.info({ signal }, 'stopping');
      notifier.stopping();
      systemClock.after(STOP_LIMIT_MS, () => {
        log.error('did not stop in time');
        process.exit(1);
      });
      manager.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'stopping failed');
          process.exit(1);
        },
      );
    };
    process.on('SIGTERM', stop).on('SIGINT', stop);
    return undefined;
  },
};
