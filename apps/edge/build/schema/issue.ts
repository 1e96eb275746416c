/** One thing that is wrong with a value; path and message are those of zod. */
export interface Issue {
  readonly message: string;
  readonly path: PropertyKey[];
  /** Whether checks after it still look at the value: true = yes; false = none does; undefined = only those of a length do. */
  readonly goesOn: boolean | undefined;
}

export const issue = (message: string, goesOn?: boolean, path: PropertyKey[] = []): Issue => ({ message, path, goesOn });

export const wrongType = (expected: string, value: unknown, goesOn?: boolean): Issue =>
  issue(`Invalid input: expected ${expected}, received ${typeName(value)}`, goesOn);

export const notListed = (values: readonly unknown[]): Issue =>
  issue(
    values.length === 1
      ? `Invalid input: expected ${quoted(values[0])}`
      : `Invalid option: expected one of ${values.map(quoted).join('|')}`,
  );

export const quoted = (value: unknown): string => (typeof value === 'string' ? `"${value}"` : String(value));

/** `too` small or big; a length has a unit, a number none. */
export function outOfRange(too: 'small' | 'big', origin: string, sign: '<=' | '>=' | '>', limit: number): Issue {
  const unit = origin === 'string' ? 'characters' : origin === 'array' ? 'items' : null;
  const verb = unit === null ? 'to be' : 'to have';
  return issue(`Too ${too}: expected ${origin} ${verb} ${sign}${limit}${unit === null ? '' : ` ${unit}`}`, true);
}

function typeName(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value !== 'object') return typeof value;
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  const made = Object.getPrototypeOf(value) !== Object.prototype && 'constructor' in value && value.constructor;
  return made ? made.name : 'object';
}
