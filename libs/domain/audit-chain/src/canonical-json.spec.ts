import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, type Json } from './canonical-json.ts';

const text = fc.string({ unit: 'binary' });
const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    text,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(text, tie('value'), { maxKeys: 5 }),
  ),
})).value;

/** The same value, its members put in in another order, at every depth. */
const shuffled = (value: Json): Json => {
  if (Array.isArray(value)) return (value as Json[]).map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, shuffled(member)]),
  );
};

describe('canonicalJson', () => {
  it('writes what reads back as the same value', () => {
    fc.assert(fc.property(json, (value) => expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))));
  });

  it('writes the same text whatever order members were put in, and whoever parsed it before', () => {
    fc.assert(
      fc.property(json, (value) => {
        const once = canonicalJson(value);
        expect(canonicalJson(shuffled(value))).toBe(once);
        expect(canonicalJson(JSON.parse(once) as Json)).toBe(once);
      }),
    );
  });

  it('writes different texts for different values', () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        const same = JSON.stringify(shuffledSort(one)) === JSON.stringify(shuffledSort(other));
        expect(canonicalJson(one) === canonicalJson(other)).toBe(same);
      }),
    );
  });

  // RFC 8785 section 3.2.2 and 3.2.3: numbers, strings and order as the RFC prints them.
  it('writes the examples of RFC 8785', () => {
    expect(
      canonicalJson({
        numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
        string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
        literals: [null, true, false],
      }),
    ).toBe('{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}');
    const names = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 };
    expect(Object.values(JSON.parse(canonicalJson(names)) as object)).toHaveLength(7);
    expect(canonicalJson(names).match(/:(\d)/g)?.join('')).toBe(':2:4:6:7:1:5:3');
  });

  it('writes minus zero as zero', () => expect(canonicalJson(-0)).toBe('0'));

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '\ud800', { 'a\udc00': 1 }, undefined, { a: undefined }, 1n])('refuses %p', (value) => {
    expect(() => canonicalJson(value as Json)).toThrow(RangeError);
  });
});

function shuffledSort(value: Json): Json {
  if (Array.isArray(value)) return (value as Json[]).map(shuffledSort);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]): Json => [name, shuffledSort(member)])
    .concat([['{}', null]]);
}
