import { describe, expect, it } from '@jest/globals';
import { candidatesAbove, lowestOf, prefixOf, tagOf, versionTags } from './version-tags.ts';

const tag = (name: string) => ({ name, commit: 'a'.repeat(40), tagObject: null });
const versions = (names: string[], pattern = 'v{version}') => versionTags(names.map(tag), pattern).map(({ version }) => version);

describe('version tags', () => {
  it('are those that fit the pattern, newest first by semver', () => {
    expect(
      versions([
        'v1.9.0',
        'v1.10.0',
        'v1.10.0-beta.2',
        'v1.10.0-beta.10',
        'nightly',
        'v1.0',
        'v01.0.0',
        'v1.0.0+build',
        '2.0.0',
        'vv3.0.0',
      ]),
    ).toEqual(['1.10.0', '1.10.0-beta.10', '1.10.0-beta.2', '1.9.0']);
    expect(versions(['edge/v1.0.0-final', 'edge/v-final', 'v1.0.0'], 'edge/v{version}-final')).toEqual(['1.0.0']);
  });

  it('keep the newest where there are too many', () => {
    const all = versions(Array.from({ length: 5001 }, (_, index) => `v1.0.${index}`));
    expect([all.length, all[0], all.at(-1)]).toEqual([5000, '1.0.5000', '1.0.1']);
  });

  it('are made of the pattern and back', () => {
    expect([prefixOf('edge/v{version}'), tagOf('edge/v{version}', '1.0.0')]).toEqual(['edge/v', 'edge/v1.0.0']);
  });
});

describe('candidates', () => {
  const tags = versionTags(['v1.0.0', 'v1.2.0', 'v1.1.0', 'v1.2.0-rc.1'].map(tag), 'v{version}');

  it('are newer than the lowest committed version, whatever else nodes report', () => {
    expect(lowestOf(['1.10.0', '1.2.0', 'dev', '1.2.0-rc.1'])).toBe('1.2.0-rc.1');
    expect(lowestOf(['dev'])).toBeNull();
    expect(candidatesAbove(tags, '1.1.0').map(({ version }) => version)).toEqual(['1.2.0', '1.2.0-rc.1']);
    expect(candidatesAbove(tags, null)).toHaveLength(4);
  });
});
