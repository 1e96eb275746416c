import { describe, expect, it } from '@jest/globals';
import { withLabel, withoutLabel } from './label-edit.ts';

describe('labels as they are typed', () => {
  it.each([
    ['site=quay 3', { rack: '1', site: 'quay 3' }],
    [' canary ', { rack: '1', canary: '' }],
    ['rack=2', { rack: '2' }],
    ['a=b=c', { rack: '1', a: 'b=c' }],
  ])('%s', (text, after) => expect(withLabel({ rack: '1' }, text)).toEqual(after));
  it('lose one key', () => expect(withoutLabel({ rack: '1', site: 'a' }, 'rack')).toEqual({ site: 'a' }));
});
