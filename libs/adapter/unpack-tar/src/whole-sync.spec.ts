import { describe, expect, it } from '@jest/globals';
import { reportsWriteErrors } from './whole-sync.ts';

describe('making a whole file system durable by one call', () => {
  it.each([
    ['linux', '6.1.0-13-amd64', true],
    ['linux', '5.8.0', true],
    ['linux', '5.7.19', false],
    ['linux', '4.19.0', false],
    ['linux', 'unknown', false],
    ['darwin', '23.1.0', false],
  ])('%s %s: it tells of write errors: %s', (platform, kernel, expected) => {
    expect(reportsWriteErrors(platform, kernel)).toBe(expected);
  });
});
