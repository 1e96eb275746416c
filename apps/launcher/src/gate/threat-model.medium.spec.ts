import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const CHECKOUT = join(import.meta.dirname, '../../../..');
const DOC = readFileSync(join(CHECKOUT, 'docs/threat-model.md'), 'utf8');

/** The attacks of the TUF specification (1.5.2) and of the Uptane standard, under their own names. */
const ATTACKS = [
  'Arbitrary software installation',
  'Rollback',
  'Fast-forward',
  'Indefinite freeze',
  'Endless data',
  'Slow retrieval',
  'Extraneous dependencies',
  'Mix-and-match',
  'Wrong software installation',
  'Malicious mirrors',
  'Key compromise',
  'Read updates',
  'Drop-request',
  'Partial bundle installation',
  'Mixed bundles',
  'Replayed command',
  'Compromised manager',
];

interface Row {
  readonly attack: string;
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}
const rows: Row[] = [...DOC.matchAll(/^\| \*\*(.+?)\*\* *\|(.*)\|$/gm)].map(([, attack = '', rest = '']) => ({
  attack,
  tests: [...rest.matchAll(/`([^`]+\.spec\.ts)`: “(.+?)”(?=<br>| *$)/g)].map(([, file = '', title = '']) => ({ file, title })),
}));

/** Titles of tests and of table rows, as a source file writes them. */
const hasTitle = (file: string, title: string): boolean =>
  existsSync(join(CHECKOUT, file)) &&
  [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => readFileSync(join(CHECKOUT, file), 'utf8').includes(quoted));

describe('the threat model', () => {
  it('has a row for every attack of the lists it answers to', () => {
    const missing = ATTACKS.filter((attack) => !rows.some((row) => row.attack.startsWith(attack)));
    expect(missing).toEqual([]);
  });

  it('names at least one test per row, and each of them exists under that title', () => {
    expect(rows.filter((row) => row.tests.length === 0)).toEqual([]);
    const named = rows.flatMap((row) => row.tests);
    expect(named.filter(({ file, title }) => !hasTitle(file, title))).toEqual([]);
    // As many as the page quotes: none is overlooked for a slip in its form.
    expect(named).toHaveLength([...DOC.matchAll(/\.spec\.ts`/g)].length);
  });

  it('sees a title that is not there', () => {
    expect(hasTitle('apps/launcher/src/gate/threat-model.medium.spec.ts', ['is', 'nowhere'].join(' '))).toBe(false);
    expect(hasTitle('apps/launcher/src/gate/no-such.spec.ts', 'the threat model')).toBe(false);
  });
});
