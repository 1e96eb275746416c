import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BeatTemplate } from './beat-template.ts';

const fits = (one: string, other: string): number | undefined => BeatTemplate.of(one, ['sequence'])?.fits(other);

describe('the template of a beat', () => {
  it.each([
    ['the same text', '{"beat":1}', '{"beat":1}', 1],
    ['other numbers', '{"beat":1,"b":[20,3]}', '{"beat":99,"b":[1,4567]}', 99],
    ['another fraction', '{"beat":1,"up":1.5}', '{"beat":2,"up":31.05}', 2],
    ['a digit of a string', '{"beat":1,"a":"v1"}', '{"beat":1,"a":"v2"}', 0],
    ['a digit of a string after a quote in it', '{"beat":1,"a":"\\"1"}', '{"beat":1,"a":"\\"2"}', 0],
    ['a digit after a string that ends with a backslash', '{"beat":1,"a":"\\\\","b":1}', '{"beat":3,"a":"\\\\","b":2}', 3],
    ['a sign', '{"beat":1,"a":1}', '{"beat":1,"a":-1}', 0],
    ['a point', '{"beat":1,"a":10}', '{"beat":1,"a":1.0}', 0],
    ['an exponent', '{"beat":1,"a":1}', '{"beat":1,"a":1e9}', 0],
    ['a leading zero', '{"beat":1,"a":1}', '{"beat":1,"a":01}', 0],
    ['more digits than are exact', '{"beat":1,"a":1}', '{"beat":1,"a":9999999999999999}', 0],
    ['no number where one was', '{"beat":1,"a":1}', '{"beat":1,"a":}', 0],
    ['something after the end', '{"beat":1}', '{"beat":1}}', 0],
    ['another name', '{"beat":1,"a":1}', '{"beat":1,"b":1}', 0],
    ['a number that is news', '{"beat":1,"sequence":7}', '{"beat":1,"sequence":8}', 0],
    ['a beat before the first', '{"beat":1}', '{"beat":0}', 0],
  ])('with %s', (_, one, other, beat) => expect(fits(one, other)).toBe(beat));

  it('is not made of a text in which two numbers are called beat', () => {
    expect(BeatTemplate.of('{"beat":1,"x":{"beat":2}}', [])).toBeNull();
    expect(BeatTemplate.of('{"x":"\\"beat\\":2","y":3}', [])).toBeNull();
  });

  it('fits what becomes the same once the numbers are taken out, and nothing else', () => {
    const withoutNumbers = (value: unknown): string =>
      JSON.stringify(value, (_key, member: unknown) => (typeof member === 'number' ? 0 : member));
    const { any: value } = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        fc.nat(),
        fc.string({ unit: fc.constantFrom('1', '2', '"', '\\', 'x') }),
        fc.boolean(),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', '1'), tie('any'), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(value, value, fc.integer({ min: 1 }), (one, other, beat) => {
        const fitting = fits(JSON.stringify({ one, beat: 1 }), JSON.stringify({ one: other, beat }));
        expect(fitting).toBe(withoutNumbers(one) === withoutNumbers(other) ? beat : 0);
      }),
      { numRuns: 2000 },
    );
  });
});
