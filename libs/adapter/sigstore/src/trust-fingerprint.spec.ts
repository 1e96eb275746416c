import { describe, expect, it } from '@jest/globals';
import { trustFingerprint } from './index.ts';

describe('trustFingerprint', () => {
  it('is the sha256 of the canonical text: a value of this is in dashboards and must not move', () => {
    // sha256 of {"signers":[],"trusted_root":{"a":1,"b":2}}
    expect(trustFingerprint({ purpose: 'release', signers: [], trustedRoot: { b: 2, a: 1 } })).toBe(
      'fc0a00347913da847656ff5a1fd2c28e52399be0afcfc4d1f5482bdef53b7245',
    );
  });
});
