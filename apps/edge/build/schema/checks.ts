import { issue, outOfRange, wrongType, type Issue } from './issue.ts';

/** Looks at a value and returns it, tidied up where the check does that. Classes and no closures: a start makes hundreds. */
export interface Check {
  /** Looks at values of the wrong type too, where they have a length. */
  readonly ofLength: boolean;
  look(value: unknown, issues: Issue[]): unknown;
}

type Lengthy = string | { readonly length: number };

const originOf = (value: Lengthy): string => (Array.isArray(value) ? 'array' : typeof value === 'string' ? 'string' : 'unknown');

/** Of a text in code points: an emoji counts once. */
const lengthOf = (value: Lengthy): number => {
  if (typeof value !== 'string' || !/[\ud800-\udbff]/.test(value)) return value.length;
  let count = 0;
  for (const _ of value) count++;
  return count;
};

export class Length implements Check {
  readonly ofLength = true;
  readonly #min: number;
  readonly #max: number;

  constructor(min: number, max: number) {
    this.#min = min;
    this.#max = max;
  }

  look(value: unknown, issues: Issue[]): unknown {
    const length = lengthOf(value as Lengthy);
    if (length < this.#min) issues.push(outOfRange('small', originOf(value as Lengthy), '>=', this.#min));
    if (length > this.#max) issues.push(outOfRange('big', originOf(value as Lengthy), '<=', this.#max));
    return value;
  }
}

export class Range implements Check {
  readonly ofLength = false;
  readonly #min: number;
  readonly #max: number;
  readonly #sign: '>' | '>=';

  constructor(min: number, max: number, sign: '>' | '>=' = '>=') {
    this.#min = min;
    this.#max = max;
    this.#sign = sign;
  }

  look(value: unknown, issues: Issue[]): unknown {
    const number = value as number;
    if (this.#sign === '>' ? number <= this.#min : number < this.#min) issues.push(outOfRange('small', 'number', this.#sign, this.#min));
    if (number > this.#max) issues.push(outOfRange('big', 'number', '<=', this.#max));
    return value;
  }
}

export class Pattern implements Check {
  readonly ofLength = false;
  readonly #expression: RegExp;
  readonly #wrong: string | undefined;

  constructor(expression: RegExp, wrong?: string) {
    this.#expression = expression;
    this.#wrong = wrong;
  }

  look(value: unknown, issues: Issue[]): unknown {
    // A sticky or global expression would remember where it was.
    this.#expression.lastIndex = 0;
    if (!this.#expression.test(value as string))
      issues.push(issue(this.#wrong ?? `Invalid string: must match pattern ${this.#expression}`, true));
    return value;
  }
}

export class Holds implements Check {
  readonly ofLength = false;
  readonly #text: string;
  readonly #where: 'at the start' | 'anywhere';

  constructor(text: string, where: 'at the start' | 'anywhere') {
    this.#text = text;
    this.#where = where;
  }

  look(value: unknown, issues: Issue[]): unknown {
    const start = this.#where === 'at the start';
    if (start ? (value as string).startsWith(this.#text) : (value as string).includes(this.#text)) return value;
    issues.push(issue(`Invalid string: must ${start ? 'start with' : 'include'} "${this.#text}"`, true));
    return value;
  }
}

export class SafeInteger implements Check {
  readonly ofLength = false;

  look(value: unknown, issues: Issue[]): unknown {
    if (!Number.isInteger(value)) issues.push(wrongType('int', value, false));
    else if ((value as number) > Number.MAX_SAFE_INTEGER) issues.push(outOfRange('big', 'int', '<=', Number.MAX_SAFE_INTEGER));
    else if ((value as number) < Number.MIN_SAFE_INTEGER) issues.push(outOfRange('small', 'int', '>=', Number.MIN_SAFE_INTEGER));
    return value;
  }
}

/** Reads as the URL parser does, which drops white space around and line breaks within. */
export class Address implements Check {
  readonly ofLength = false;
  readonly #protocol: RegExp | undefined;

  constructor(protocol: RegExp | undefined) {
    this.#protocol = protocol;
  }

  look(value: unknown, issues: Issue[]): unknown {
    const trimmed = (value as string).trim();
    const parsed = URL.parse(trimmed);
    if (!parsed || (this.#protocol && !this.#protocol.test(parsed.protocol.slice(0, -1)))) issues.push(issue('Invalid URL', true));
    return parsed ? trimmed.replace(/[\t\n\r]/g, '') : value;
  }
}

export interface Context {
  addIssue(given: { readonly code: 'custom'; readonly message: string; readonly path?: readonly PropertyKey[] }): void;
}
export type Refine = (value: unknown, context: Context) => void;

export class Refinement implements Check {
  readonly ofLength = false;
  readonly #refine: Refine;

  constructor(refine: Refine) {
    this.#refine = refine;
  }

  look(value: unknown, issues: Issue[]): unknown {
    this.#refine(value, { addIssue: ({ message, path = [] }) => void issues.push(issue(message, true, [...path])) });
    return value;
  }
}
