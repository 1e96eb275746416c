import { describe, expect, it } from '@jest/globals';
import { releaseVersion } from '@tidegate/contract-manifest';
import { compareVersions } from './index.ts';

const v = (text: string) => releaseVersion.parse(text);

describe('the order of versions (SemVer 2.0.0, clause 11)', () => {
  const ascending = [
    '0.9.9',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.1',
    '1.2.0',
    '1.10.0',
    '2.0.0',
  ];

  it('orders every pair of the list', () => {
    for (const [i, a] of ascending.entries())
      for (const [j, b] of ascending.entries()) expect([a, b, Math.sign(compareVersions(v(a), v(b)))]).toEqual([a, b, Math.sign(i - j)]);
  });
});
