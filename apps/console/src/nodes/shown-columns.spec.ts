import { describe, expect, it } from '@jest/globals';
import { readColumns, visibilityOf } from './shown-columns.ts';

describe('the columns a person chose', () => {
  it('keep their order, and lose what this console does not know', () => {
    expect(readColumns(['arch', 'of_tomorrow', 'connection'])).toEqual(['connection', 'arch']);
    expect(visibilityOf(readColumns([]))).toMatchObject({ arch: false, connection: false });
  });
  it.each([null, 'arch', 7])('are the usual ones when %j is stored', (stored) => expect(readColumns(stored)).toContain('software_version'));
});
