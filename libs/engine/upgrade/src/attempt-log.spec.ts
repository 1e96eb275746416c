import { describe, expect, it } from '@jest/globals';
import { archive } from './attempt-log.ts';
import { emptyState, HISTORY_LENGTH, type AttemptRecord, type NodeState } from './node-state.ts';

const record = (id: string, state: AttemptRecord['state']): AttemptRecord => ({ id, state }) as AttemptRecord;
const filled = (from: NodeState, count: number, state: AttemptRecord['state']): NodeState =>
  Array.from({ length: count }).reduce<NodeState>((so, _, nth) => archive(so, record(`${state}-${nth}`, state)), from);
const idsOf = (state: NodeState, wanted: AttemptRecord['state']): string[] =>
  state.history.filter((one) => one.state === wanted).map((one) => one.id);

describe('the history', () => {
  it('keeps the newest of its length, newest first', () => {
    const state = filled(emptyState(), HISTORY_LENGTH + 5, 'failed');
    expect(state.history).toHaveLength(HISTORY_LENGTH);
    expect([state.history[0]?.id, state.history.at(-1)?.id]).toEqual([`failed-${HISTORY_LENGTH + 4}`, 'failed-5']);
  });

  it('does not let refusals push out the attempts that the rate is counted from', () => {
    const state = filled(filled(emptyState(), 10, 'failed'), 3 * HISTORY_LENGTH, 'refused');
    expect(idsOf(state, 'failed')).toHaveLength(10);
    expect(idsOf(state, 'refused')[0]).toBe(`refused-${3 * HISTORY_LENGTH - 1}`);
    expect(state.history).toHaveLength(HISTORY_LENGTH);
  });

  it('shows the newest refusal also when it is full of attempts', () => {
    const state = filled(filled(emptyState(), HISTORY_LENGTH, 'failed'), 2, 'refused');
    expect(state.history.map((one) => one.state).filter((one) => one === 'refused')).toEqual(['refused']);
    expect(state.history[0]?.id).toBe('refused-1');
    expect(idsOf(state, 'failed')).toHaveLength(HISTORY_LENGTH - 1);
  });
});
