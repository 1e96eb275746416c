import { PERSISTENCE } from '../app.module.ts';
import { checkBackup, restoreBackup, writeBackup } from '../backup/index.ts';
import { openDatabase, systemClock } from '../platform/index.ts';
import { commandLog, CONFIG_HELP, CONFIG_OPTION, configOf, needed, say, type Command } from './command.ts';

export const backup: Command = {
  synopsis: '--config FILE --to FILE',
  summary: 'write the whole database into one file, of one moment, beside running managers',
  help: `${CONFIG_HELP}
  --to FILE        a .tar.gz that does not exist yet; made with mode 0600
In it: every row as JSON lines, and a manifest with a digest of each part. Not in it: who is signed in, and files: keep the
key that signs the audit trail (audit.signing_key_file, or audit-signing-key.pem under data_dir) and the configuration
apart from it. Passwords and tokens are in it as the database has them, as hashes.`,
  options: { ...CONFIG_OPTION, to: { type: 'string' } },
  async run(given) {
    const to = needed(given, 'to');
    const opened = await openDatabase(await configOf(given), PERSISTENCE, commandLog(given));
    try {
      const { tables } = await writeBackup(opened, to, systemClock.now());
      const rows = tables.reduce((sum, table) => sum + table.rows, 0);
      say(`wrote ${to}: ${rows} rows of ${tables.length} tables`);
      return 0;
    } finally {
      await opened.close();
    }
  },
};

export const restore: Command = {
  synopsis: '--config FILE --from FILE [--check]',
  summary: 'fill an empty database from a backup',
  help: `${CONFIG_HELP}
  --from FILE      what backup wrote
  --check          compare every part with its digest, and touch no database
Refused when the database holds anything, when a part is damaged (before anything is written), and when a later release made
the backup. All rows are written or none. Nobody is signed in afterwards; nodes come back by themselves. Readers of events
and audit rows that were further than the backup are told so with cursor_expired.`,
  options: { ...CONFIG_OPTION, from: { type: 'string' }, check: { type: 'boolean' } },
  async run(given) {
    const from = needed(given, 'from');
    const config = await configOf(given);
    const manifest = await checkBackup(from);
    const about = `${from}: made ${manifest.made_at} by ${manifest.software_version} for manager ${manifest.manager_id}`;
    if (given.options['check'] === true) {
      say(`whole: ${about}`);
      return 0;
    }
    const opened = await openDatabase(config, PERSISTENCE, commandLog(given), new Set(manifest.migrations));
    try {
      await restoreBackup(opened, from, manifest, systemClock.now());
      say(`restored ${about}`);
      return 0;
    } finally {
      await opened.close();
    }
  },
};
