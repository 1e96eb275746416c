import { PERSISTENCE } from '../app.module.ts';
import { checkBackup, restoreBackup, writeBackup } from '../backup/index.ts';
import { KeyRing, missingKeys, openDatabase, systemClock } from '../platform/index.ts';
import { commandLog, CONFIG_HELP, CONFIG_OPTION, configOf, needed, say, type Command } from './command.ts';

export const backup: Command = {
  synopsis: '--config FILE --to FILE',
  summary: 'write the whole database into one file, of one moment, beside running managers',
  help: `${CONFIG_HELP}
  --to FILE        a .tar.gz that does not exist yet; made with mode 0600
In it: every row as JSON lines, and a manifest with a digest of each part. Not in it: who is signed in, and files: keep the
configuration and the key that seals secrets (secrets.key_file, or secrets.key under data_dir) apart from it. Passwords and
tokens are in it as the database has them, as hashes; second factors and the key that signs the audit trail are sealed.`,
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
the backup. All rows are written or none. The secrets in it open with the key of the installation it was made of: put that
secrets.key in place, or serve is refused with secrets_key_wrong. Nobody is signed in afterwards; nodes come back by themselves. Readers of events
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
      // Not in place yet, or not readable: either way it is missing.
      const ring = await KeyRing.load(config).catch(() => null);
      const missing = await opened.database.read((em) => missingKeys(em, ring));
      if (missing.length > 0)
        say(
          `needed before it can serve: the key ${missing.join(', ')} that seals its secrets (secrets.key_file, or secrets.key under data_dir)`,
        );
      return 0;
    } finally {
      await opened.close();
    }
  },
};
