import { describe, expect, it } from '@jest/globals';
import { cut, plain, widthOf } from './plain.ts';
import { fields, table, type Column } from './table.ts';

interface Row {
  readonly name: string;
  readonly note: string;
  readonly id: string;
}
const SHAPE: readonly Column<Row>[] = [
  { head: 'NAME', cell: ({ name }) => name },
  { head: 'NOTE', cell: ({ note }) => ({ text: note, paint: (text) => `<${text}>` }) },
  { head: 'ID', cell: ({ id }) => id, whole: true },
];
const ID = '9cc58df2-308d-4475-bac6-423de48e3bcc';

describe('a table', () => {
  it('fits the terminal, cuts with an ellipsis, and never cuts what is there to be copied', () => {
    const text = table(SHAPE, [{ name: 'lantern', note: 'a long story about nothing at all', id: ID }], 60);
    expect(text).toBe(`NAME     NOTE            ID\nlantern  <a long story…>  ${ID}\n`.replace('NOTE            ', 'NOTE           '));
    expect(
      text
        .replaceAll(/[<>]/g, '')
        .split('\n')
        .every((line) => widthOf(line) <= 60),
    ).toBe(true);
  });

  it('is whole where nobody looks', () => {
    const note = 'x'.repeat(300);
    expect(table(SHAPE, [{ name: 'lantern', note, id: ID }], null)).toContain(note);
  });

  it('counts what a terminal shows: wide characters take two columns, marks none', () => {
    const text = table(
      SHAPE,
      [
        { name: '灯台', note: 'e\u0301', id: '1' },
        { name: 'abcd', note: 'e', id: '2' },
      ],
      null,
    );
    expect(text).toBe('NAME  NOTE  ID\n灯台  <e\u0301>     1\nabcd  <e>     2\n');
    expect(cut('灯台灯台', 5)).toBe('灯台…');
    expect(cut('灯台灯台', 4)).toBe('灯…');
  });

  it('shows nothing that moves the cursor, breaks the line or turns its direction', () => {
    const evil = 'a\u001b[2Jb\rc\nd\u009be\u202ef\u0007';
    expect(plain(evil)).toBe('a\ufffd[2Jb\ufffdc\ufffdd\ufffde\ufffdf\ufffd');
    expect(table(SHAPE, [{ name: evil, note: evil, id: evil }], null).split('\n')).toHaveLength(3);
    expect(fields([['name', evil]])).toBe(`name  ${plain(evil)}\n`);
  });
});
