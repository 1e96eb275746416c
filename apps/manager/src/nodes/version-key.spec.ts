import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareBuild } from 'semver';
import { versionKey } from './version-key.ts';

const byKey = (a: string, b: string): number => Math.sign(Buffer.compare(Buffer.from(versionKey(a)), Buffer.from(versionKey(b))));

const number = fc.oneof(fc.nat(12), fc.maxSafeNat());
const identifier = fc.oneof(
  fc.nat(1200).map(String),
  fc.stringMatching(/^[0-9A-Za-z-]{1,6}$/).filter((text) => !/^0\d+$/.test(text)),
);
const version = fc
  .tuple(number, number, number, fc.array(identifier, { maxLength: 3 }))
  .map(([major, minor, patch, rest]) => `${major}.${minor}.${patch}${rest.length > 0 ? `-${rest.join('.')}` : ''}`);

describe('the sort key of a version', () => {
  it('sorts by bytes as semantic versions sort', () => {
    const ordered = [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
    ];
    const more = [...ordered, '1.0.1', '1.2.0', '1.10.0', '9.0.0', '10.0.0-1', '10.0.0'];
    expect(more.toReversed().sort(byKey)).toEqual(more);
    fc.assert(fc.property(version, version, (a, b) => byKey(a, b) === compareBuild(a, b)));
  });

  it('puts what is no version below all versions', () => {
    expect(byKey('unknown', '0.0.0-0')).toBe(-1);
    expect(byKey('', '0.0.0')).toBe(-1);
  });
});
