import type { Command, Option } from 'commander';
import { EXIT, EXIT_MEANINGS, type ExitName } from '../ending.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

const optionTable = (options: readonly Option[]): string =>
  table(
    ['option', 'meaning'],
    options.map(({ flags, description, argChoices, mandatory }) => {
      const choices = argChoices ? `: ${argChoices.map((choice) => `\`${choice}\``).join(', ')}` : '';
      return [`\`${flags}\``, `${description}${choices}${mandatory ? ' (required)' : ''}`];
    }),
  );

/** Every command that does something, with the words before it. */
function* leaves(command: Command, words: readonly string[]): Generator<{ readonly command: Command; readonly words: readonly string[] }> {
  for (const inner of command.createHelp().visibleCommands(command)) {
    const path = [...words, inner.name()];
    if (inner.commands.length > 0) yield* leaves(inner, path);
    else yield { command: inner, words: path };
  }
}

function section(command: Command, words: readonly string[]): string {
  const { registeredArguments: given, options } = command;
  const usage = [
    ...words,
    ...given.map((argument) =>
      argument.required ? `<${argument.name()}${argument.variadic ? '...' : ''}>` : `[${argument.name()}${argument.variadic ? '...' : ''}]`,
    ),
  ];
  const parts = [`### \`${usage.join(' ')}\``, command.description()];
  if (given.length > 0)
    parts.push(
      given.map((argument) => `- \`${argument.name()}\`: ${argument.description || (argument.argChoices ?? []).join(', ')}`).join('\n'),
    );
  if (options.length > 0) parts.push(optionTable(options));
  return parts.join('\n\n');
}

export const referencePage = (program: Command): string =>
  [
    '<!-- Generated from apps/cli by `npm run gen`; do not edit. -->',
    '# The command line',
    'A day with it is in [guide/operator-day.md](guide/operator-day.md). `tidegate login URL` keeps what signs in in `$XDG_CONFIG_HOME/tidegate/contexts.json`, mode 0600. Pipelines need no file: `TIDEGATE_URL` and `TIDEGATE_TOKEN`. Data goes to stdout, everything else to stderr. Nodes, groups and users can be named by their name or their id.',
    'A terminal cuts long columns with …, but no id; a pipe gets everything. A page of a list says how to get the next one, and `--all` gets all of them.',
    '## Every command takes',
    optionTable(program.options),
    '## Exit codes',
    table(
      ['code', 'meaning'],
      (Object.keys(EXIT) as ExitName[]).map((name) => [String(EXIT[name]), EXIT_MEANINGS[name]]),
    ),
    '## Commands',
    ...[...leaves(program, [program.name()])].map(({ command, words }) => section(command, words)),
  ].join('\n\n') + '\n';
