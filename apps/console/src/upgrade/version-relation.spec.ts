import { describe, expect, it } from '@jest/globals';
import { isReleaseVersion, versionRelation } from './version-relation.ts';

describe('a release beside what runs', () => {
  it.each([
    ['1.10.0', '1.9.0', 'newer'],
    ['1.0.0', '1.0.0', 'running'],
    ['1.1.0-rc.1', '1.1.0', 'older'],
    ['1.1.0', null, 'unknown'],
    ['1.1.0', 'dev build', 'unknown'],
    ['v1.1.0', '1.0.0', 'unknown'],
  ])('%s while %s runs is %s', (version, running, relation) => expect(versionRelation(version, running)).toBe(relation));

  it.each(['', '1.0', 'v1.0.0', '../1.0.0', '1.0.0+build'])('does not take %j for a version', (text) =>
    expect(isReleaseVersion(text)).toBe(false),
  );
});
