import { text } from 'node:stream/consumers';
import { KeyRing } from '../platform/index.ts';
import { CONFIG_HELP, CONFIG_OPTION, configOf, Misused, needed, say, type Command } from './command.ts';

const PLACES = /^((release_sources|discovery\.remotes)\.[a-z0-9-]{1,64}\.token|oidc\.client_secret)$/;

export const seal: Command = {
  synopsis: '--config FILE --for PLACE',
  summary: 'seal a secret for the configuration file; it is read from the standard input',
  help: `${CONFIG_HELP}
  --for PLACE      the setting it is for, and opens in: release_sources.DEVICE_TYPE.token,
                   discovery.remotes.DEVICE_TYPE.token or oidc.client_secret
Prints enc:v1:... for that setting. Nothing is sealed from the command line itself: other users of the machine see that.
Where there is no key yet, data_dir/secrets.key is made; every replica needs the same one.`,
  options: { ...CONFIG_OPTION, for: { type: 'string' } },
  async run(given) {
    const place = needed(given, 'for');
    if (!PLACES.test(place)) throw new Misused('--for: no setting that may be sealed');
    const config = await configOf(given);
    const secret = (await text(process.stdin)).replace(/\r?\n$/, '');
    if (secret === '') throw new Misused('seal: the standard input is empty');
    const ring = (await KeyRing.load(config)) ?? (await KeyRing.make(config));
    say(ring.seal(secret, place));
    return 0;
  },
};
