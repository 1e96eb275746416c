import pc from 'picocolors';
import { stringify } from 'yaml';
import { plain } from './plain.ts';
import type { GlobalOptions, Surroundings } from './session.ts';
import { fields, table, type Cell, type Column } from './table.ts';
import { timeText } from './time.ts';

export type Paint = (text: string) => string;
export interface Look {
  readonly time: (iso: string | null) => string;
  readonly good: Paint;
  readonly bad: Paint;
  readonly busy: Paint;
  readonly dim: Paint;
}

export const lookOf = (from: Surroundings, { utc = false, color }: GlobalOptions): Look => {
  const { green, red, yellow, dim } = pc.createColors(from.mayColor && color);
  return { time: (iso) => timeText(iso, utc), good: green, bad: red, busy: yellow, dim };
};

/** What a list looks like as a table. Typed by the answer at the place where it is made; here it is any of them. */
export type ListView = (look: Look) => readonly Column<never>[];

/** Where answers go: data to stdout as asked for, everything else to stderr. */
export class Printer {
  readonly options: GlobalOptions;
  readonly look: Look;
  readonly #from: Surroundings;

  constructor(from: Surroundings, options: GlobalOptions) {
    [this.#from, this.options, this.look] = [from, options, lookOf(from, options)];
  }

  /** A page of a list, or all of it. */
  list(answer: { readonly items: readonly unknown[]; readonly next_cursor?: string | null }, view: ListView): void {
    if (this.options.output !== 'table') return this.data(answer);
    if (answer.items.length === 0) return this.say('Nothing matches.');
    const width = this.#from.stdout.isTTY ? this.#from.stdout.columns : null;
    this.write(table(view(this.look) as readonly Column<unknown>[], answer.items, width));
    if (answer.next_cursor) this.say('There are more: use --all, or go on with --cursor ' + plain(answer.next_cursor));
  }

  one(answer: unknown): void {
    if (this.options.output !== 'table') return this.data(answer);
    this.write(fields([...flat(answer, '', this.look)]));
  }

  data(answer: unknown): void {
    this.write(this.options.output === 'yaml' ? stringify(answer) : `${JSON.stringify(answer, null, 2)}\n`);
  }

  /** One of many as they come: a line of text, a line of JSON, or a YAML document. */
  item(answer: unknown, line: (look: Look) => string): void {
    if (this.options.output === 'table') this.write(`${line(this.look)}\n`);
    else this.write(this.options.output === 'yaml' ? `---\n${stringify(answer)}` : `${JSON.stringify(answer)}\n`);
  }

  write(text: string): void {
    this.#from.stdout.write(text);
  }

  /** For people; not with --quiet. */
  say(text: string): void {
    if (!this.options.quiet) this.#from.stderr.write(`${text}\n`);
  }
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Each phase of an upgrade on lines of its own would hide everything else about it. */
const isStep = (value: unknown): value is { state: string; at: string } =>
  typeof value === 'object' && value !== null && 'state' in value && 'at' in value && typeof value.at === 'string';

/** An object as lines of name and value; what is inside another object by its path. */
function* flat(value: unknown, path: string, look: Look): Generator<readonly [string, Cell | string | number | null]> {
  if (Array.isArray(value) && value.length > 0 && value.every(isStep)) {
    yield [path, value.map(({ state, at }) => `${state} ${look.time(at)}`).join(', ')];
  } else if (Array.isArray(value) && value.every((entry) => typeof entry !== 'object' || entry === null)) {
    yield [path, value.length === 0 ? null : value.join(', ')];
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0 && path !== '') yield [path, null];
    for (const [name, inner] of entries) yield* flat(inner, path === '' ? plain(name) : `${path}.${plain(name)}`, look);
  } else if (typeof value === 'string') {
    yield [path, TIME.test(value) ? look.time(value) : value];
  } else {
    yield [path, value === null || value === undefined ? null : JSON.stringify(value)];
  }
}
