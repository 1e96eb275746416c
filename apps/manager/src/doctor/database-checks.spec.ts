import { describe, expect, it } from '@jest/globals';
import { judgeDatabase } from './database-checks.ts';

const well = { serverVersion: 180_004, roundTripMs: 1, clockSkewMs: 3, blockingPids: [] };
const done = { applied: ['A1'], pending: [], unknown: [] };

describe('judgeDatabase', () => {
  it('has nothing to say about a database that is well', () => expect(judgeDatabase(well, done)).toEqual([]));

  it.each([
    ['database_too_old', 'broken', { serverVersion: 130_015 }, {}],
    ['database_slow', 'notice', { roundTripMs: 51 }, {}],
    ['clock_skewed', 'broken', { clockSkewMs: -2001 }, {}],
    ['clock_skewed', 'broken', { clockSkewMs: 2001 }, {}],
    ['database_blocked', 'broken', { blockingPids: [7] }, {}],
    ['migrations_pending', 'notice', {}, { pending: ['B2'] }],
    ['schema_too_new', 'broken', {}, { unknown: ['C3'] }],
  ])('finds %s (%s)', (code, weight, facts, migrations) => {
    expect(judgeDatabase({ ...well, ...facts }, { ...done, ...migrations })).toEqual([expect.objectContaining({ code, weight })]);
  });
});
