const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

/** A table in GitHub's Markdown; cells may hold inline Markdown but no line breaks. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), `|${head.map(() => '---|').join('')}`, ...rows.map(row)].join('\n');

/** A generated page: says so in its first line, ends in exactly one line break. */
export const page = (title: string, source: string, ...blocks: readonly string[]): string =>
  `${[`<!-- Generated from ${source} by \`npm run gen\`; do not edit. -->`, `# ${title}`, ...blocks].join('\n\n')}\n`;
