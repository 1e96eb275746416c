import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { csvCell, csvLine } from './csv.ts';

describe('a CSV cell', () => {
  it.each([
    ['=HYPERLINK("http://evil")', `"'=HYPERLINK(""http://evil"")"`],
    ['+1', `"'+1"`],
    ['-1', `"'-1"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['\t=1', `"'\\u0009=1"`],
    ['\r\n=1', `"'\\u000d\\u000a=1"`],
    ['a, "b"', `"a, ""b"""`],
    [null, '""'],
    [5, '"5"'],
  ])('writes %p as %s', (value, cell) => expect(csvCell(value)).toBe(cell));

  it('is never a formula, never two cells and never two lines, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const cell = csvCell(text);
        expect(cell).toMatch(/^"([^"]|"")*"$/u);
        expect(cell).not.toMatch(/[\u0000-\u001f\u2028\u2029]/);
        expect(cell).not.toMatch(/^"[=+\-@]/);
        expect(csvLine([text, text]).split('\r\n')).toHaveLength(2);
      }),
    );
  });
});
