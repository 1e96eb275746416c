/**
 * Text that came from nodes and people, made fit for a terminal: a display name or an event's detail must not move the cursor, hide
 * other lines or switch their direction (CVE-2021-42574). Also the C1 range, which some terminals obey.
 */
export const plain = (text: string): string =>
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd');

const isWide = (point: number): boolean =>
  (point >= 0x1100 && point <= 0x115f) ||
  (point >= 0x2e80 && point <= 0xa4cf) ||
  (point >= 0xac00 && point <= 0xd7a3) ||
  (point >= 0xf900 && point <= 0xfaff) ||
  (point >= 0xfe30 && point <= 0xfe6f) ||
  (point >= 0xff00 && point <= 0xff60) ||
  (point >= 0x1f300 && point <= 0x1faff);
const MARK = /^\p{M}$/u;

const widthOfCharacter = (character: string): number => (MARK.test(character) ? 0 : isWide(character.codePointAt(0) ?? 0) ? 2 : 1);
/** Columns that the text takes on a terminal. */
export const widthOf = (text: string): number => [...text].reduce((sum, character) => sum + widthOfCharacter(character), 0);

/** Cut to so many columns, the last of which is then an ellipsis. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let [kept, width] = ['', 0];
  for (const character of text) {
    const next = width + widthOfCharacter(character);
    if (next > columns - 1) break;
    [kept, width] = [kept + character, next];
  }
  return `${kept}…`;
}
