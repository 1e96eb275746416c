import { describe, expect, it } from '@jest/globals';
import { EXIT, EXIT_MEANINGS, exitOfStatus } from './ending.ts';

describe('exit codes', () => {
  it.each([
    [400, 2],
    [401, 3],
    [403, 8],
    [404, 4],
    [409, 5],
    [410, 4],
    [412, 5],
    [422, 2],
    [428, 5],
    [429, 6],
    [500, 1],
    [502, 6],
    [503, 6],
    [507, 6],
  ])('HTTP %s ends with %s', (status, code) => expect(EXIT[exitOfStatus(status)]).toBe(code));

  it('mean one thing each, and every one is explained', () => {
    expect(new Set(Object.values(EXIT)).size).toBe(Object.keys(EXIT).length);
    expect(Object.keys(EXIT_MEANINGS)).toEqual(Object.keys(EXIT));
  });
});
