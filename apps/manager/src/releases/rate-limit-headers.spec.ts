import { expect, it } from '@jest/globals';
import { restSecs } from './rate-limit-headers.ts';

const NOW = new Date('2026-11-02T09:00:00Z');
const at = (seconds: number): string => String(NOW.getTime() / 1000 + seconds);

it.each<[string, Record<string, string>, number]>([
  ['nothing', {}, 0],
  ['some of the window is left', { 'x-ratelimit-remaining': '12', 'x-ratelimit-reset': at(600) }, 0],
  ['the window is used up', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': at(600) }, 600],
  ['the window has ended meanwhile', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': at(-5) }, 0],
  ['it says for how long', { 'retry-after': '30', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': at(600) }, 30],
  ['it asks for years', { 'retry-after': '99999999' }, 3600],
  ['it asks for years in the other way', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '99999999999' }, 3600],
  [
    'it says something else',
    { 'retry-after': 'Mon, 02 Nov 2026 10:00:00 GMT', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'soon' },
    0,
  ],
])('rests as long as a source asks for: %s', (_what, headers, seconds) => {
  expect(restSecs((name) => headers[name], NOW)).toBe(seconds);
});
