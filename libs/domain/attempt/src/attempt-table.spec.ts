import { describe, expect, it } from '@jest/globals';
import { ATTEMPT_STATES, isTerminal, type AttemptState } from '@tidegate/contract-events';
import { ATTEMPT_INPUTS, ATTEMPT_TABLE, isBeforeActivation, step } from './index.ts';

const walk = (inputs: readonly (typeof ATTEMPT_INPUTS)[number][], from: AttemptState = 'accepted'): AttemptState =>
  inputs.reduce<AttemptState>((state, input) => {
    const result = step(state, input);
    if (!result.legal) throw new Error(`${state} does not take ${input}`);
    return result.next;
  }, from);

const good = ['resolve', 'resolved', 'verified', 'fetched', 'drain', 'drained', 'snapshotted', 'activated'] as const;

describe('the table of an attempt', () => {
  it('names every pair of state and input', () => {
    expect(Object.keys(ATTEMPT_TABLE).sort()).toEqual([...ATTEMPT_STATES].sort());
    for (const state of ATTEMPT_STATES) expect(Object.keys(ATTEMPT_TABLE[state]).sort()).toEqual([...ATTEMPT_INPUTS].sort());
  });

  it('accepted -> committed, when every step succeeds and the guard commits', () => {
    expect(walk([...good, 'prove'])).toBe('committed');
  });

  it('trial -> rolled_back, when the guard reverts', () => {
    expect(walk([...good, 'revert', 'restored'])).toBe('rolled_back');
  });

  it.each(ATTEMPT_STATES.filter(isTerminal))('%s takes nothing more', (state) => {
    for (const input of ATTEMPT_INPUTS) expect(step(state, input)).toEqual({ legal: false, from: state, input });
  });

  it('has no way to fail, refuse or be forgotten once the candidate is on trial', () => {
    for (const input of ['fail', 'refuse', 'interrupt'] as const) expect(step('trial', input).legal).toBe(false);
  });

  it('reaches a terminal state from every state', () => {
    const reaches = (state: AttemptState, seen = new Set<AttemptState>()): boolean =>
      isTerminal(state) ||
      (!seen.has(state) && Object.values(ATTEMPT_TABLE[state]).some((next) => next !== null && reaches(next, new Set([...seen, state]))));
    for (const state of ATTEMPT_STATES) expect(reaches(state)).toBe(true);
  });

  it('leads an interrupted attempt to a state that can run again, never onwards', () => {
    for (const state of ATTEMPT_STATES) {
      const next = ATTEMPT_TABLE[state].interrupt;
      if (next !== null) expect(ATTEMPT_STATES.indexOf(next)).toBeLessThanOrEqual(ATTEMPT_STATES.indexOf(state));
    }
  });

  it('counts as before activation exactly what leaves `current` alone', () => {
    expect(ATTEMPT_STATES.filter(isBeforeActivation)).toEqual([
      'accepted',
      'resolving',
      'verifying',
      'fetching',
      'staged',
      'draining',
      'snapshotting',
    ]);
  });
});
