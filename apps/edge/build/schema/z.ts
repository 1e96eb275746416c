/**
 * What the agent uses of zod, in a fiftieth of its code: a start of the agent would spend half its time on zod alone. The
 * schemas themselves are the ones that every other program uses; a build of the agent puts this in zod's place under them,
 * and `schema.medium.spec.ts` holds both against each other. What is missing here fails the build, never a node.
 */
import { DATETIME, UUID } from './patterns.ts';
import { ArrayChain } from './array.ts';
import { Chain, NumberChain } from './chain.ts';
import { Address, Pattern, SafeInteger, type Check } from './checks.ts';
import { issue, notListed, wrongType, type Issue } from './issue.ts';
import { made, passOn } from './later.ts';
import { isRecord, ObjectChain, type Shape } from './object.ts';
import { isStopped, placeUnder, Schema } from './schema.ts';

const ofType = (type: string, isRight: (value: unknown) => boolean) => (value: unknown, issues: Issue[]) => {
  if (!isRight(value)) issues.push(wrongType(type, value));
  return value;
};
const readText = ofType('string', (value) => typeof value === 'string');
const readNumber = ofType('number', Number.isFinite);

const text = (...checks: Check[]): Chain => new Chain(readText, checks);
const UUID_ONLY = new Pattern(UUID, 'Invalid UUID');
const DATETIME_ONLY = new Pattern(DATETIME, 'Invalid ISO datetime');
const SAFE_INTEGER = [new SafeInteger()];
const listed = (values: readonly unknown[]): Chain => {
  const known = new Set(values);
  const read = (value: unknown, issues: Issue[]) => {
    if (!known.has(value)) issues.push(notListed(values));
    return value;
  };
  return new Chain(read, [], undefined, known);
};

function record(keySchema: Schema, valueSchema: Schema): Chain {
  const [keys, values] = [made(keySchema), made(valueSchema)];
  return new Chain((value, issues) => {
    if (!isRecord(value)) {
      issues.push(wrongType('record', value));
      return value;
    }
    const read: Record<string, unknown> = {};
    for (const [key, one] of Object.entries(value)) {
      // Assigned, it would become the prototype.
      if (key === '__proto__') continue;
      if (!keys.safeParse(key).success) {
        issues.push(issue('Invalid key in record', undefined, [key]));
        continue;
      }
      const from = issues.length;
      read[key] = values.run(one, issues);
      placeUnder(key, issues, from);
    }
    return read;
  });
}

/** The first that takes the value; else the only one whose reading was not stopped, with its issues. */
function union(given: readonly Schema[]): Chain {
  const options = given.map(made);
  return new Chain((value, issues) => {
    const likely: { readonly read: unknown; readonly found: readonly Issue[] }[] = [];
    for (const option of options) {
      const found: Issue[] = [];
      const read = option.run(value, found);
      if (found.length === 0) return read;
      if (!isStopped(found, 0)) likely.push({ read, found });
    }
    const [only, another] = likely;
    if (only && !another) {
      issues.push(...only.found);
      return only.read;
    }
    issues.push(issue('Invalid input'));
    return value;
  });
}

function discriminatedUnion(key: string, options: readonly ObjectChain[]): Chain {
  const byValue = new Map<unknown, ObjectChain>();
  for (const option of options.map(made)) for (const value of option.shape[key]?.values ?? []) byValue.set(value, option);
  return new Chain((value, issues) => {
    if (!isRecord(value)) {
      issues.push(wrongType('object', value));
      return value;
    }
    const option = byValue.get(value[key]);
    if (option) return option.run(value, issues);
    const known = [...byValue.keys()].map((one) => `'${String(one)}'`).join(' | ');
    issues.push(issue(`Invalid discriminator value. Expected ${known}`, undefined, [key]));
    return value;
  });
}

export { lazily } from './later.ts';

passOn([Schema, Chain, NumberChain, ArrayChain, ObjectChain]);

export const z = {
  array: (element: Schema) => new ArrayChain(made(element)),
  record,
  union,
  discriminatedUnion,
  string: () => text(),
  uuid: () => text(UUID_ONLY),
  iso: { datetime: () => text(DATETIME_ONLY) },
  url: ({ protocol }: { readonly protocol?: RegExp } = {}) => text(new Address(protocol)),
  number: () => new NumberChain(readNumber),
  int: () => new NumberChain(readNumber, SAFE_INTEGER),
  boolean: () => new Chain(ofType('boolean', (value) => typeof value === 'boolean')),
  null: () => new Chain(ofType('null', (value) => value === null)),
  literal: (value: unknown) => listed([value]),
  enum: (values: readonly string[]) => listed(values),
  object: (shape: Shape) => new ObjectChain(shape, 'dropped'),
  looseObject: (shape: Shape) => new ObjectChain(shape, 'kept'),
  strictObject: (shape: Shape) => new ObjectChain(shape, 'refused'),
};
