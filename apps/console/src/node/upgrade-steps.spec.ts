import { describe, expect, it } from '@jest/globals';
import { ATTEMPT_STATES } from '@tidegate/contract-events';
import { anUpgrade, NOON } from '../testing/views.ts';
import { isCancellable, isRunning, STATE_MEANINGS, stepRows } from './upgrade-steps.ts';

const noonMs = Date.parse(NOON);
const at = (secs: number) => new Date(noonMs + secs * 1000).toISOString();
const steps = (...pairs: [string, number][]) => pairs.map(([state, secs]) => ({ state, at: at(secs) }));
const short = (upgrade: ReturnType<typeof anUpgrade>, nowSecs = 60) =>
  stepRows(upgrade, noonMs + nowSecs * 1000).map(({ state, status }) => `${state}:${status}`);

describe('the steps of an upgrade', () => {
  it('shows what is done, what goes on since when, and what lies ahead', () => {
    const running = anUpgrade({ state: 'fetching', steps: steps(['sent', 0], ['accepted', 1], ['fetching', 4]) });
    const rows = stepRows(running, noonMs + 10_000);
    expect(rows.map((row) => row.status)).toEqual(['done', 'done', 'passed', 'passed', 'current', ...Array<string>(6).fill('ahead')]);
    expect(rows[1]).toMatchObject({ state: 'accepted', durationMs: 3000 });
    expect(rows[4]).toMatchObject({ state: 'fetching', at: at(4), durationMs: 6000 });
  });

  it('ends well with committed', () => {
    const done = anUpgrade({ state: 'committed', finished_at: at(40), steps: steps(['sent', 0], ['trial', 20], ['committed', 40]) });
    expect(stepRows(done, noonMs + 999_000).at(-1)).toEqual({ state: 'committed', status: 'ended_well', at: at(40), durationMs: null });
    expect(stepRows(done, noonMs)[9]).toMatchObject({ state: 'trial', durationMs: 20_000 });
  });

  it('ends a failed one where it stopped and shows nothing that will not come', () => {
    const failed = anUpgrade({ state: 'failed', finished_at: at(9), steps: steps(['sent', 0], ['verifying', 3], ['failed', 9]) });
    expect(short(failed)).toEqual(['sent:done', 'accepted:passed', 'resolving:passed', 'verifying:done', 'failed:ended_badly']);
  });

  it('shows the way back when the guard reverts', () => {
    const reverting = anUpgrade({ state: 'rolling_back', steps: steps(['sent', 0], ['trial', 8], ['rolling_back', 20]) });
    expect(short(reverting).slice(-3)).toEqual(['trial:done', 'rolling_back:current', 'rolled_back:ahead']);
    const reverted = anUpgrade({ state: 'rolled_back', finished_at: at(25), steps: steps(['sent', 0], ['trial', 8], ['rolled_back', 25]) });
    expect(short(reverted).slice(-3)).toEqual(['trial:done', 'rolling_back:passed', 'rolled_back:ended_badly']);
  });

  it('starts with queued only when the manager reports it', () => {
    expect(short(anUpgrade({ state: 'queued', steps: steps(['queued', 0]) }))[0]).toBe('queued:current');
    expect(short(anUpgrade({ state: 'refused', steps: steps(['sent', 0], ['refused', 1]) }))).toEqual(['sent:done', 'refused:ended_badly']);
  });

  it('keeps the first time of a step that ran again after an interruption', () => {
    const resumed = anUpgrade({ state: 'accepted', steps: steps(['sent', 0], ['accepted', 1], ['fetching', 2], ['accepted', 30]) });
    expect(stepRows(resumed, noonMs + 31_000)[1]).toMatchObject({ state: 'accepted', status: 'current', at: at(1) });
  });

  it('has a meaning for every state a node can attest', () => {
    for (const state of ATTEMPT_STATES) expect(STATE_MEANINGS[state]).toMatch(/\.$/);
  });
});

describe('cancelling', () => {
  it.each([
    ['queued', true],
    ['sent', true],
    ['staged', true],
    ['activating', false],
    ['trial', false],
    ['committed', false],
    ['refused', false],
  ])('%s: %s', (state, possible) => expect(isCancellable(anUpgrade({ state }))).toBe(possible));

  it('is not offered where nothing ran', () => expect([isCancellable(null), isRunning(null)]).toEqual([false, false]));
});
