import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { createUser, username } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { PERSISTENCE } from '../app.module.ts';
import { createSuperAdmin } from '../auth/index.ts';
import { openDatabase, systemClock } from '../platform/index.ts';
import { commandLog, CONFIG_HELP, CONFIG_OPTION, configOf, Misused, needed, say, type Command, type Given } from './command.ts';

export const createAdmin: Command = {
  synopsis: '--config FILE --username NAME [--password-file FILE]',
  summary: 'make a super_admin: the first one, or one more where nobody can sign in any longer',
  help: `${CONFIG_HELP}
  --username NAME
  --password-file FILE   its password; - reads it from the standard input. Without it a one-time password is
                         made and printed, which opens nothing but the choice of an own one.
A password is never taken from the command line: other users of the machine see that. The audit trail records the act.`,
  options: { ...CONFIG_OPTION, username: { type: 'string' }, 'password-file': { type: 'string' } },
  async run(given) {
    const name = username.safeParse(needed(given, 'username'));
    if (!name.success) throw new Misused('--username: not a name that an account can have');
    const config = await configOf(given);
    const password = await passwordOf(given);
    const opened = await openDatabase(config, PERSISTENCE, commandLog(given));
    try {
      await opened.migrate();
      const oneTime = await opened.database.transaction((em) => createSuperAdmin(em, name.data, password, systemClock.now()));
      say(oneTime === null ? `made ${name.data}` : `made ${name.data}; one-time password: ${oneTime}`);
      return 0;
    } finally {
      await opened.close();
    }
  },
};

async function passwordOf({ options }: Given): Promise<string | null> {
  const file = options['password-file'];
  if (typeof file !== 'string') return null;
  const password = (file === '-' ? await text(process.stdin) : await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  if (!createUser.shape.password.safeParse(password).success) throw new CodedError('request_invalid', { fields: ['password: length'] });
  return password;
}
