import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sameButNumbers } from './same-but-numbers.ts';

describe('two JSON texts', () => {
  it.each([
    ['are equal', '{"a":1}', '{"a":1}', true],
    ['differ in a number', '{"a":1,"b":[20,3]}', '{"a":99,"b":[1,4567]}', true],
    ['differ in a digit of a string', '{"a":"v1"}', '{"a":"v2"}', false],
    ['differ in a digit of a string with a quote in it', '{"a":"\\"1"}', '{"a":"\\"2"}', false],
    ['differ in a digit after a string that ends with a backslash', '{"a":"\\\\","b":1}', '{"a":"\\\\","b":2}', true],
    ['differ in a sign', '{"a":1}', '{"a":-1}', false],
    ['differ in a point', '{"a":10}', '{"a":1.0}', false],
    ['differ in an exponent', '{"a":1}', '{"a":1e9}', false],
    ['hold a number beyond what is exact', '{"a":1}', '{"a":9999999999999999}', false],
    ['differ in their ends', '{"a":1}', '{"a":1}}', false],
    ['differ in a name', '{"a":1}', '{"b":1}', false],
  ])('that %s', (_, one, other, same) => {
    expect(sameButNumbers(one, other)).toBe(same);
    expect(sameButNumbers(other, one)).toBe(same);
  });

  it('that are called the same become the same once their numbers are taken out', () => {
    const withoutNumbers = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value), (_key, member: unknown) => (typeof member === 'number' ? Math.sign(member) * 0 : member));
    const value = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        fc.nat(),
        fc.string({ unit: fc.constantFrom('1', '2', '"', '\\', 'x') }),
        fc.boolean(),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', '1'), tie('any'), { maxKeys: 3 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, value, (one, other) => {
        const same = sameButNumbers(JSON.stringify(one), JSON.stringify(other));
        expect(same).toBe(JSON.stringify(withoutNumbers(one)) === JSON.stringify(withoutNumbers(other)));
      }),
      { numRuns: 2000 },
    );
  });
});
