import { expect, it } from '@jest/globals';
import { byteRange } from './byte-range.ts';

it.each<[string | undefined, string | undefined, ReturnType<typeof byteRange>]>([
  [undefined, undefined, 'whole'],
  ['bytes=0-', undefined, { first: 0, last: 99 }],
  ['bytes=10-19', undefined, { first: 10, last: 19 }],
  ['bytes=10-500', undefined, { first: 10, last: 99 }],
  ['bytes=-10', undefined, { first: 90, last: 99 }],
  ['bytes=-500', undefined, { first: 0, last: 99 }],
  ['bytes=99-', undefined, { first: 99, last: 99 }],
  ['bytes=100-', undefined, 'unsatisfiable'],
  ['bytes=-0', undefined, 'unsatisfiable'],
  ['bytes=20-10', undefined, 'whole'],
  ['bytes=0-1,5-6', undefined, 'whole'],
  ['bytes=-', undefined, 'whole'],
  ['bytes=1e3-', undefined, 'whole'],
  ['items=0-1', undefined, 'whole'],
  ['bytes=10-', '"a"', { first: 10, last: 99 }],
  ['bytes=10-', '"b"', 'whole'],
  ['bytes=10-', 'W/"a"', 'whole'],
])('range %s, if-range %s -> %j', (range, ifRange, expected) => {
  expect(byteRange(range, ifRange, '"a"', 100)).toEqual(expected);
});
