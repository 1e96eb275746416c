import { CodedError } from '@tidegate/contract-errors';
import { PERSISTENCE } from '../app.module.ts';
import { appendAudit } from '../audit/index.ts';
import {
  keyIdOfSealed,
  KeyRing,
  openDatabase,
  rotateSecrets,
  sealedSettingsOf,
  systemClock,
  type RecordRotation,
} from '../platform/index.ts';
import { commandLog, CONFIG_HELP, CONFIG_OPTION, configOf, say, type Command } from './command.ts';

export const rotateSecretsCommand: Command = {
  synopsis: '--config FILE',
  summary: 'seal every secret in the database anew with the newest key',
  help: `${CONFIG_HELP}
The newest key is secrets.key_file (or TIDEGATE_SECRETS_KEY, or data_dir/secrets.key); the one before it is named in
secrets.previous_key_files, here and on every replica. Runs beside managers; cut off, it is simply run again. Afterwards the
previous keys are not needed for the database any more. What the configuration holds is named: seal that anew by hand.
The audit trail records the act.
Exit codes: 0 done, 1 refused, or the configuration still holds something under a previous key.`,
  options: CONFIG_OPTION,
  async run(given) {
    const config = await configOf(given);
    const ring = await KeyRing.load(config);
    if (!ring) throw new CodedError('secrets_key_wrong', { held: [] });
    const opened = await openDatabase(config, PERSISTENCE, commandLog(given));
    try {
      await opened.migrate();
      const columns = PERSISTENCE.flatMap((part) => part.sealed ?? []);
      const sealedAnew = await rotateSecrets({ database: opened.database, columns, ring }, systemClock.now(), recordedFor(ring));
      say(`sealed ${sealedAnew} values anew with key ${ring.newestId}`);
    } finally {
      await opened.close();
    }
    const left = sealedSettingsOf(config).filter(({ sealed }) => keyIdOfSealed(sealed) !== ring.newestId);
    for (const { place } of left) say(`still under a previous key: ${place}`);
    return left.length > 0 ? 1 : 0;
  },
};

const recordedFor =
  (ring: KeyRing): RecordRotation =>
  (em, { sealedAnew, done }) =>
    appendAudit(em, [
      {
        at: systemClock.now(),
        actor: 'system',
        action: 'installation.secrets_rotate',
        targetKind: 'installation',
        targetId: 'secrets',
        address: null,
        details: { from: 'command line', key_id: ring.newestId, sealed_anew: sealedAnew, done },
      },
    ]);
