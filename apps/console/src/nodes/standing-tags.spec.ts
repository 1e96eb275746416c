import { describe, expect, it } from '@jest/globals';
import { aNode, NOON } from '../testing/views.ts';
import { standingTags } from './standing-tags.ts';

const wordsOf = (change: object): string[] => standingTags(aNode(change)).map((tag) => tag.word);

describe('tags of a node that does not keep pace with its kind', () => {
  it.each([
    ['none for a node like the others, nor from a manager that does not compare them', {}, []],
    ['one for a node behind', { behind_sequence: true }, ['behind signed sequence']],
    ['one for a node that trusts others', { trust_differs: true }, ['trust differs']],
    ['one for a node in maintenance', { maintenance: { reason: 'x', since: NOON, until: null, by: 'ann' } }, ['maintenance']],
    ['that of a removed one first', { removed_at: NOON, revoked_at: NOON }, ['removed', 'revoked']],
    ['both', { behind_sequence: true, trust_differs: true }, ['behind signed sequence', 'trust differs']],
  ])('%s', (_, change, words) => expect(wordsOf(change)).toEqual(words));
});
