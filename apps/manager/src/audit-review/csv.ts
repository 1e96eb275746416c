/** What a spreadsheet would take for a formula (OWASP, CSV injection); a tab and a line break begin one as well. */
const FORMULA = /^[=+\-@\t\r\n]/;

/** JSON's way to write what would end the line or hide in it. */
const escapeControl = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A cell of a CSV file (RFC 4180): always quoted, one line, and never a formula. */
export function csvCell(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  const harmless = FORMULA.test(text) ? `'${text}` : text;
  return `"${escapeControl(harmless).replaceAll('"', '""')}"`;
}

export const csvLine = (cells: readonly (string | number | null)[]): string => `${cells.map(csvCell).join(',')}\r\n`;
