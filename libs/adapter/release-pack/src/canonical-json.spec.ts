import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from './canonical-json.ts';

describe('canonical JSON', () => {
  it('sorts keys at every depth, drops undefined and writes no whitespace', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'é"\n', u: undefined })).toBe('{"a":"é\\"\\n","b":[{"c":null,"d":1}]}');
  });
  it('reads back to the same value, whatever the value', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))));
  });
  it('refuses numbers that JSON cannot hold', () => {
    expect(() => canonicalJson({ n: Number.NaN })).toThrow(TypeError);
  });
});
