import { Chain } from './chain.ts';
import type { Check } from './checks.ts';
import { issue, quoted, wrongType, type Issue } from './issue.ts';
import { made } from './later.ts';
import { placeUnder, type Schema } from './schema.ts';

export type Shape = Readonly<Record<string, Schema>>;

/** What becomes of keys that the shape does not name. */
type Strangers = 'dropped' | 'kept' | 'refused';

/** An object of a shape; `partial` makes every key optional. */
export class ObjectChain extends Chain {
  readonly shape: Shape;
  readonly strangers: Strangers;

  constructor(given: Shape, strangers: Strangers, checks: readonly Check[] = []) {
    const shape: Record<string, Schema> = {};
    for (const key in given) shape[key] = made(given[key] as Schema);
    super((value, issues) => readObject(value, issues, shape, strangers), checks);
    this.shape = shape;
    this.strangers = strangers;
  }

  partial(): ObjectChain {
    const optional = Object.entries(this.shape).map(([key, inner]) => [key, (inner as Chain).optional()] as const);
    return new ObjectChain(Object.fromEntries(optional), this.strangers);
  }

  protected override with(check: Check): Chain {
    return new ObjectChain(this.shape, this.strangers, [...this.checks, check]);
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readObject(value: unknown, issues: Issue[], shape: Shape, strangers: Strangers): unknown {
  if (!isRecord(value)) {
    issues.push(wrongType('object', value));
    return value;
  }
  const read: Record<string, unknown> = {};
  for (const key in shape) readKey(key, shape[key] as Schema, value, read, issues);
  if (strangers === 'dropped') return read;
  const refused: string[] = [];
  for (const key in value) {
    if (Object.hasOwn(shape, key)) continue;
    if (strangers === 'refused') refused.push(key);
    // Assigned, it would become the prototype.
    else if (key !== '__proto__') read[key] = value[key];
  }
  if (refused.length > 0) issues.push(issue(`Unrecognized key${refused.length > 1 ? 's' : ''}: ${refused.map(quoted).join(', ')}`, true));
  return read;
}

function readKey(key: string, schema: Schema, given: Record<string, unknown>, read: Record<string, unknown>, issues: Issue[]): void {
  const { taken, left } = schema.absence;
  const isPresent = key in given;
  if (!isPresent && left && taken === 'optional') return;
  const from = issues.length;
  const value = schema.run(given[key], issues);
  if (!isPresent && taken === undefined && issues.length === from) {
    issues.push(issue('Invalid input: expected nonoptional, received undefined', undefined, [key]));
    return;
  }
  if (!isPresent && taken !== undefined && left) issues.length = from;
  placeUnder(key, issues, from);
  if (value !== undefined || isPresent || (taken === 'defaulted' && !left)) read[key] = value;
}
