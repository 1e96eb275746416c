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
  synopsis: '--config FILE [--lost-key]',
  summary: 'seal every secret in the database anew with the newest key',
  help: `${CONFIG_HELP}
The newest key is secrets.key_file (or TIDEGATE_SECRETS_KEY, or data_dir/secrets.key); the one before it is named in
secrets.previous_key_files, here and on every replica. Runs beside managers; cut off, it is simply run again. Afterwards the
previous keys are not needed for the database any more. What the configuration holds is named: seal that anew by hand.
  --lost-key       the previous key is lost: what only it opens is given up. Second factors are off then, and the audit
                   trail gets another signer at the next start; name the old one’s public key in audit.trusted_keys.
The audit trail records the act.
Exit codes: 0 done, 1 refused, or the configuration still holds something under a previous key.`,
  options: { ...CONFIG_OPTION, 'lost-key': { type: 'boolean' } },
  async run(given) {
    const config = await configOf(given);
    const givesUp = given.options['lost-key'] === true;
    const ring = (await KeyRing.load(config)) ?? (givesUp ? await KeyRing.make(config) : null);
    if (!ring) throw new CodedError('secrets_key_wrong', { held: [] });
    const opened = await openDatabase(config, PERSISTENCE, commandLog(given));
    try {
      await opened.migrate();
      const columns = PERSISTENCE.flatMap((part) => part.sealed ?? []);
      const rotation = { database: opened.database, columns, ring, givesUp };
      const { sealedAnew, givenUp } = await rotateSecrets(rotation, systemClock.now(), recordedFor(ring));
      say(`sealed ${sealedAnew} values anew with key ${ring.newestId}`);
      if (givesUp) say(`gave up ${givenUp} values that no key at hand opens`);
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
  (em, { sealedAnew, givenUp, done }) =>
    appendAudit(em, [
      {
        at: systemClock.now(),
        actor: 'system',
        action: 'installation.secrets_rotate',
        targetKind: 'installation',
        targetId: 'secrets',
        address: null,
        details: { from: 'command line', key_id: ring.newestId, sealed_anew: sealedAnew, given_up: givenUp, done },
      },
    ]);
