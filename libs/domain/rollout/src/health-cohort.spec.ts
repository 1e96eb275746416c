import { describe, expect, it } from '@jest/globals';
import { compareCohorts, type Cohort, type CohortVerdict } from './health-cohort.ts';

/** [nodes, failing, restarts, hours of each node] */
type Side = readonly [number, number, number, number];
const cohort = ([nodes, failing, restarts, hours]: Side): Cohort => ({ nodes, failing, restarts, nodeHours: nodes * hours });

describe('the upgraded against those that are not', () => {
  it.each<[Side, Side, CohortVerdict]>([
    [[19, 19, 99, 1], [500, 0, 0, 1], 'too_few'],
    [[500, 500, 99, 1], [19, 0, 0, 1], 'too_few'],
    [[20, 0, 0, 1], [20, 0, 0, 1], 'alike'],
    // Twice as many is not more than twice as many.
    [[100, 20, 0, 1], [100, 10, 0, 1], 'alike'],
    [[100, 21, 0, 1], [100, 10, 0, 1], 'failing_more'],
    // One in twenty may be chance.
    [[20, 1, 0, 1], [20, 0, 0, 1], 'alike'],
    [[20, 2, 0, 1], [20, 0, 0, 1], 'failing_more'],
    // Restarts by node and hour: however long the window was, and however many nodes there are on a side.
    [[20, 0, 20, 1], [200, 0, 200, 1], 'alike'],
    [[20, 0, 21, 1], [200, 0, 100, 1], 'restarting_more'],
    [[20, 0, 10, 1], [20, 0, 0, 1], 'alike'],
    // In the first minute one restart is a high rate, and chance.
    [[20, 0, 2, 1 / 60], [20, 0, 0, 1 / 60], 'alike'],
    [[20, 0, 3, 1 / 60], [20, 0, 0, 1 / 60], 'restarting_more'],
    [[20, 0, 3, 0], [20, 0, 0, 0], 'alike'],
  ])('%j against %j is %s', (upgraded, control, verdict) => {
    expect(compareCohorts(cohort(upgraded), cohort(control))).toBe(verdict);
  });
});
