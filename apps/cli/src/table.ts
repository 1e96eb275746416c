import { cut, plain, widthOf } from './plain.ts';

export interface Cell {
  readonly text: string;
  /** Puts colour around the text once its width is settled. */
  readonly paint?: (text: string) => string;
}
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => Cell | string | number | null;
  /** Ids and names are there to be copied. */
  readonly whole?: true;
}

const GAP = '  ';
/** Below this a column says nothing any more; a terminal that is too narrow for it wraps instead. */
const LEAST_COLUMNS = 8;

/** @param columns of the terminal; null where nobody looks at it, and nothing is cut then */
export function table<Row>(shape: readonly Column<Row>[], rows: readonly Row[], columns: number | null): string {
  const cells = rows.map((row) => shape.map(({ cell }) => asCell(cell(row))));
  const widths = shape.map(({ head }, index) => Math.max(head.length, ...cells.map((line) => widthOf(line[index]?.text ?? ''))));
  if (columns !== null) squeeze(shape, widths, columns);
  const line = (parts: readonly Cell[]): string =>
    parts
      .map(({ text, paint }, index) => {
        const width = widths[index] ?? 0;
        const shown = shape[index]?.whole ? text : cut(text, width);
        const padding = index === parts.length - 1 ? '' : ' '.repeat(Math.max(0, width - widthOf(shown)));
        return (paint?.(shown) ?? shown) + padding;
      })
      .join(GAP)
      .trimEnd();
  return [line(shape.map(({ head }) => ({ text: head }))), ...cells.map(line)].map((text) => `${text}\n`).join('');
}

function asCell(value: Cell | string | number | null): Cell {
  if (value === null) return { text: '-' };
  return typeof value === 'object' ? { ...value, text: plain(value.text) } : { text: plain(String(value)) };
}

/** Takes from the widest column that may be cut, until the line fits. */
function squeeze(shape: readonly Column<never>[], widths: number[], columns: number): void {
  const total = (): number => widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1);
  while (total() > columns) {
    let widest = -1;
    widths.forEach((width, index) => {
      if (!shape[index]?.whole && width > LEAST_COLUMNS && width > (widths[widest] ?? 0)) widest = index;
    });
    if (widest === -1) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

/** One object, a line per field. */
export function fields(pairs: readonly (readonly [name: string, value: Cell | string | number | null])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs
    .map(([name, value]) => {
      const { text, paint } = asCell(value);
      return `${name.padEnd(width)}${GAP}${paint?.(text) ?? text}\n`;
    })
    .join('');
}
