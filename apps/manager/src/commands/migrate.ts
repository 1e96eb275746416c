import { PERSISTENCE } from '../app.module.ts';
import { openDatabase } from '../platform/index.ts';
import { commandLog, CONFIG_HELP, CONFIG_OPTION, configOf, Misused, say, type Command } from './command.ts';

export const migrateCommand: Command = {
  synopsis: '--config FILE [--check | --plan]',
  summary: 'bring the database’s schema up to this release (serve does so by itself)',
  help: `${CONFIG_HELP}
  --plan           say what would be run, and run nothing
  --check          the same; exit code 1 when something would be
Replicas of the previous release go on meanwhile. Several at once wait for each other.`,
  options: { ...CONFIG_OPTION, check: { type: 'boolean' }, plan: { type: 'boolean' } },
  async run(given) {
    const { check, plan } = given.options;
    if (check === true && plan === true) throw new Misused('--check and --plan exclude each other');
    const opened = await openDatabase(await configOf(given), PERSISTENCE, commandLog(given));
    try {
      const { pending, unknown } = await opened.migrations();
      for (const name of unknown) say(`later   ${name}`);
      if (check === true || plan === true) {
        for (const name of pending) say(`pending ${name}`);
        if (pending.length === 0) say('nothing to do');
        return check === true && pending.length > 0 ? 1 : 0;
      }
      await opened.migrate();
      for (const name of pending) say(`done    ${name}`);
      if (pending.length === 0) say('nothing to do');
      return 0;
    } finally {
      await opened.close();
    }
  },
};
