import { Chain } from './chain.ts';
import { Length, type Check } from './checks.ts';
import { outOfRange, wrongType, type Issue } from './issue.ts';
import { placeUnder, type Schema } from './schema.ts';

export class ArrayChain extends Chain {
  readonly #element: Schema;
  readonly #cap: number;

  constructor(element: Schema, checks: readonly Check[] = [], cap = Infinity) {
    super((value, issues) => readArray(value, issues, element, cap), checks);
    this.#element = element;
    this.#cap = cap;
  }

  override max(limit: number): Chain {
    return new ArrayChain(this.#element, [...this.checks, new Length(-Infinity, limit)], Math.min(this.#cap, limit));
  }

  protected override with(check: Check): Chain {
    return new ArrayChain(this.#element, [...this.checks, check], this.#cap);
  }
}

function readArray(value: unknown, issues: Issue[], element: Schema, cap: number): unknown {
  if (!Array.isArray(value)) {
    issues.push(wrongType('array', value));
    return value;
  }
  // Before it is walked: a list of a million is not worth a million complaints.
  if (value.length > cap) {
    issues.push({ ...outOfRange('big', 'array', '<=', cap), goesOn: false });
    return value;
  }
  return Array.from(value as unknown[], (one, index) => {
    const from = issues.length;
    const read = element.run(one, issues);
    placeUnder(index, issues, from);
    return read;
  });
}
