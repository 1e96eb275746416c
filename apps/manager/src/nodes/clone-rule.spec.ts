import { describe, expect, it } from '@jest/globals';
import { cloneEvidence } from './clone-rule.ts';

const NOW = new Date('2026-11-02T09:00:00Z');
const ago = (secs: number): string => new Date(NOW.getTime() - secs * 1000).toISOString();
const before = { machine_id: 'm1', boot_id: 'b1', run_id: 'r1', open: true, returned: false, last_beat_at: ago(5) };
const comer = { machineId: 'm1', bootId: 'b1', runId: 'r2' };
const kind = (changeBefore: object, changeComer: object = {}) =>
  cloneEvidence({ ...before, ...changeBefore }, { ...comer, ...changeComer }, NOW, 45_000)?.kind ?? null;

describe('one identity on two machines', () => {
  it.each([
    ['the first session of a node', null, () => cloneEvidence(null, comer, NOW, 45_000)],
    ['the next run on the same machine', null, () => kind({ open: false })],
    ['a run that takes over while the last one hangs', null, () => kind({})],
    ['a reboot that nobody noticed', null, () => kind({}, { bootId: 'b2' })],
    ['a disk that went into another machine', null, () => kind({ open: false }, { machineId: 'm2', bootId: 'b2' })],
    ['the same, without a goodbye', null, () => kind({ last_beat_at: ago(46) }, { machineId: 'm2', bootId: 'b2' })],
    ['another machine, of a node that never beat', null, () => kind({ last_beat_at: null }, { machineId: 'm2' })],
    ['another machine while the first is heard', 'overlapping', () => kind({ last_beat_at: ago(45) }, { machineId: 'm2' })],
    ['machines without an id', null, () => kind({ machine_id: '' }, { machineId: 'm2' })],
    ['a run that comes back', 'alternating', () => kind({ returned: true })],
    ['a run that comes back after long silence', 'alternating', () => kind({ returned: true, open: false, last_beat_at: ago(900) })],
  ])('%s: %s', (_, expected, found) => {
    expect(found()).toEqual(expected);
  });

  it('says what differs', () => {
    expect(cloneEvidence({ ...before, returned: true }, { ...comer, bootId: 'b2' }, NOW, 45_000)).toMatchObject({
      machine_differs: false,
      boot_differs: true,
      boot_id: 'b2',
      other_boot_id: 'b1',
    });
  });
});
