import type { Shown } from './command-line.ts';

/** What is read in the guide: real output of one run, except for what signs in. */
export class Transcript {
  readonly #parts: string[] = [];

  says(text: string): void {
    this.#parts.push(text);
  }

  ran(typed: string, { shown, code }: Shown): void {
    const end = code === 0 ? [] : ['$ echo $?', String(code)];
    const lines = [`$ ${typed}`, shown.trimEnd(), ...end].filter((line) => line !== '');
    this.#parts.push(`\`\`\`console\n${withoutSecrets(lines.join('\n'))}\n\`\`\``);
  }

  text(): string {
    return `${this.#parts.join('\n\n')}\n`;
  }
}

/** Tokens are revoked by the end of the run; a page with something that looks like one would still alarm every scanner. */
const withoutSecrets = (text: string): string =>
  text.replaceAll(/\btg[pr]_[A-Za-z0-9_-]{43}/g, (token) => `${token.slice(0, 4)}${'x'.repeat(12)}`);

const VOLATILE: readonly (readonly [RegExp, string])[] = [
  // Which phases are seen depends on when one looks; how it ends does not.
  [/^\d+\.\d+\.\d+ \[[= ]*\].*\n/gm, ''],
  [/^steps .*\n/gm, ''],
  [/^(rows|first_position|last_position|signed_until|deadline_at) .*\n/gm, ''],
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>'],
  [/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)/g, '<time>'],
  [/\b[0-9a-f]{64}\b|\b[0-9a-f]{40}\b|\b[0-9a-f]{16}\b/g, '<hex>'],
  [/127\.0\.0\.1:\d+/g, '<manager>'],
  [/\b[A-Za-z0-9_-]{43}\b|\b[A-Za-z0-9_-]{86}\b/g, '<key>'],
  [/^\d+ +(?=<time>)/gm, '<position> '],
  [/ {2,}/g, '  '],
];

/** What two runs have in common when the program is the same. */
export const masked = (text: string): string => VOLATILE.reduce((left, [pattern, word]) => left.replaceAll(pattern, word), text);
