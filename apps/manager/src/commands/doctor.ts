import { ERRORS } from '@tidegate/contract-errors';
import { PERSISTENCE } from '../app.module.ts';
import { examine } from '../doctor/index.ts';
import { commandLog, CONFIG_HELP, CONFIG_OPTION, configOf, Misused, say, type Command } from './command.ts';

export const doctor: Command = {
  synopsis: '--config FILE [-o json]',
  summary: 'look for what is wrong, or soon will be',
  help: `${CONFIG_HELP}
  -o json          findings as JSON: code, weight (broken or notice), details, meaning, hint
Looks at the database (answers, version, round trip, clock, locks, migrations), whether everything sealed opens with the keys of
this configuration, the disk under data_dir, who may read files with secrets, the certificate,
public_origin, and whether each release source and git remote answers (5 s each, all at once).
Exit codes: 0 nothing is broken, 1 something is.`,
  options: { ...CONFIG_OPTION, output: { type: 'string', short: 'o' } },
  async run(given) {
    const { output } = given.options;
    if (output !== undefined && output !== 'json') throw new Misused('-o: json, or nothing');
    const findings = await examine(await configOf(given), PERSISTENCE, commandLog(given));
    const told = findings.map((finding) => ({ ...finding, meaning: ERRORS[finding.code].meaning, hint: ERRORS[finding.code].hint }));
    if (output === 'json') say(JSON.stringify({ findings: told }, null, 2));
    else {
      for (const { weight, code, meaning, hint, details } of told)
        say(`${weight.padEnd(6)} ${code}: ${meaning} ${hint} ${JSON.stringify(details)}`);
      if (told.length === 0) say('nothing found');
    }
    return findings.some((finding) => finding.weight === 'broken') ? 1 : 0;
  },
};
