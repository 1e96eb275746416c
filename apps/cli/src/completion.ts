import type { Argument, Command, Option } from 'commander';

interface Candidate {
  readonly word: string;
  readonly says: string;
}

/**
 * What may stand at the end of these words. Only the tree of commands is asked, never the manager: a key press must not send anything.
 * @param words typed so far without the program's own name; the last one is the one to complete, and may be empty
 */
export function candidates(program: Command, words: readonly string[]): readonly Candidate[] {
  const typed = words.at(-1) ?? '';
  let command = program;
  let positional = 0;
  let waiting: Option | undefined;
  for (const word of words.slice(0, -1)) {
    if (waiting) {
      waiting = undefined;
    } else if (word.startsWith('-')) {
      const option = optionsOf(command).find((one) => one.short === word || one.long === word);
      if (option && (option.required || option.optional)) waiting = option;
    } else {
      const inner = command.commands.find((one) => one.name() === word);
      if (inner) command = inner;
      else positional += 1;
    }
  }
  const possible = waiting
    ? choicesOf(waiting)
    : typed.startsWith('-')
      ? flagsOf(command)
      : [...topicsOf(command), ...argumentOf(command, positional)];
  return possible.filter(({ word }) => word.startsWith(typed));
}

/** Those of the command and of what it stands in. */
const optionsOf = (command: Command): readonly Option[] => [...command.options, ...(command.parent ? optionsOf(command.parent) : [])];
const choicesOf = (option: Option | Argument): Candidate[] => (option.argChoices ?? []).map((word) => ({ word, says: option.description }));
const flagsOf = (command: Command): Candidate[] =>
  optionsOf(command).flatMap(({ long, description }) => (long ? [{ word: long, says: description }] : []));
const topicsOf = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((inner) => ({ word: inner.name(), says: inner.summary() || inner.description() }));
const argumentOf = (command: Command, index: number): Candidate[] => {
  const argument = command.registeredArguments[index];
  return argument ? choicesOf(argument) : [];
};

/** One candidate per line, with what it says after a tab. */
export const candidateLines = (found: readonly Candidate[]): string => found.map(({ word, says }) => `${word}\t${says}\n`).join('');

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: `_tidegate() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("\${line%%$'\\t'*}"); done < <(tidegate complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _tidegate tidegate
`,
  zsh: `#compdef tidegate
_tidegate() {
  local line
  local -a found
  while IFS= read -r line; do found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}"); done < <(tidegate complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe tidegate found; else _files; fi
}
compdef _tidegate tidegate
`,
  fish: `function __tidegate_complete
    set -l words (commandline -opc)
    tidegate complete -- $words[2..] (commandline -ct) 2>/dev/null
end
complete -c tidegate -f -a '(__tidegate_complete)'
`,
};
