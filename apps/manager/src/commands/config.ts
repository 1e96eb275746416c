import { configSchema, withoutSecrets } from '../platform/index.ts';
import { CONFIG_HELP, CONFIG_OPTION, configOf, Misused, say, type Command } from './command.ts';

export const config: Command = {
  synopsis: 'check|print|schema [--config FILE]',
  summary: 'look at the configuration',
  help: `  check            whether it can be used; exit code 1 with the named fields when it cannot
  print            as it counts, with defaults and what the environment sets; secrets are masked
  schema           what may be in it, as JSON Schema; needs no --config
${CONFIG_HELP}
Whether the files, addresses and the database it names can be used is what doctor looks at.`,
  options: CONFIG_OPTION,
  words: 1,
  async run(given) {
    switch (given.words[0]) {
      case 'schema':
        say(JSON.stringify(configSchema(), null, 2));
        return 0;
      case 'check':
        await configOf(given);
        say('the configuration can be used');
        return 0;
      case 'print':
        say(JSON.stringify(withoutSecrets(await configOf(given)), null, 2));
        return 0;
      default:
        throw new Misused('config: check, print or schema?');
    }
  },
};
