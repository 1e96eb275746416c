import { describe, expect, it } from '@jest/globals';
import { ROLLOUT_PHASES, rolloutStrategy, type RolloutPhase, type RolloutStrategyInput } from '@tidegate/contract-api';
import { act, type RolloutAct } from './act.ts';
import { NO_COUNTS, type WaveCounts } from './halt-rule.ts';
import type { Facts, Rollout } from './rollout.ts';
import { hasEnded, ROLLOUT_INPUTS, ROLLOUT_TABLE } from './rollout-table.ts';
import { step } from './step.ts';

const NOON = Date.parse('2026-05-05T12:00:00Z');
const rollout = (change: Partial<Rollout> = {}, strategy: RolloutStrategyInput = {}): Rollout => ({
  phase: 'scheduled',
  reason: 'created',
  wave: -1,
  waves: 3,
  strategy: rolloutStrategy.parse(strategy),
  createdBy: 'ada',
  settleUntilMs: null,
  acknowledged: [],
  approved: [],
  catchUpUntilMs: null,
  ...change,
});
const counts = (change: Partial<WaveCounts>): WaveCounts => ({ ...NO_COUNTS, ...change });
const facts = (change: Partial<Facts> = {}): Facts => ({
  nowMs: NOON,
  counts: [],
  frozen: false,
  provenance: 'verified',
  artefact: 'as_pinned',
  sourceGroup: 'not_required',
  cohort: 'too_few',
  preflight: { pending: 0, failed: 0 },
  sendingBack: 'none',
  ...change,
});
const after = (from: Rollout, seen: Partial<Facts> = {}) => step(from, facts(seen));
const asked = (from: Rollout, what: RolloutAct, seen: Partial<Facts> = {}, actor = 'ada') => act(from, what, facts(seen), actor);
const done = counts({ committed: 1 });

describe('the table of a rollout', () => {
  it('names every pair of phase and input', () => {
    expect(Object.keys(ROLLOUT_TABLE).toSorted()).toEqual([...ROLLOUT_PHASES].toSorted());
    for (const phase of ROLLOUT_PHASES) expect(Object.keys(ROLLOUT_TABLE[phase]).toSorted()).toEqual([...ROLLOUT_INPUTS].toSorted());
  });

  it('reaches an end from every phase', () => {
    const ends = (phase: RolloutPhase, seen: ReadonlySet<RolloutPhase>): boolean =>
      hasEnded(phase) ||
      Object.values(ROLLOUT_TABLE[phase]).some((next) => next !== null && !seen.has(next) && ends(next, new Set([...seen, next])));
    for (const phase of ROLLOUT_PHASES) expect(ends(phase, new Set([phase]))).toBe(true);
  });
});

describe('what the reconciler does', () => {
  it('scheduled -> scheduled, before its time', () => {
    const early = rollout({}, { start_at: '2026-05-05T13:00:00Z' });
    expect(after(early)).toMatchObject({ next: { phase: 'scheduled' }, waitsFor: 'start_time', lookAgainMs: NOON + 3_600_000 });
  });

  it('scheduled -> dispatching, when due', () => {
    expect(after(rollout()).next).toMatchObject({ phase: 'dispatching', wave: 0, reason: 'wave_opened' });
  });

  it.each<[string, Partial<Facts>, RolloutStrategyInput, string]>([
    ['the installation is frozen', { frozen: true }, {}, 'thaw'],
    ['the window is closed', {}, { windows: [{ days: ['mon'], from: '01:00', to: '02:00', time_zone: 'UTC' }] }, 'window'],
    ['the source group has not settled it', { sourceGroup: 'missing' }, {}, 'source_group'],
  ])('scheduled -> scheduled, while %s', (_, seen, strategy, waitsFor) => {
    expect(after(rollout({}, strategy), seen)).toMatchObject({ next: { phase: 'scheduled', wave: -1 }, waitsFor, effects: [] });
  });

  it.each<[string, Partial<Facts>, string]>([
    ['the tag names another commit', { provenance: 'mismatch' }, 'provenance_mismatch'],
    ['a digest or commit is missing', { provenance: 'missing' }, 'provenance_mismatch'],
    ['the release was published again', { artefact: 'changed' }, 'artefact_changed'],
  ])('every phase under way -> paused, when %s', (_, seen, reason) => {
    expect(after(rollout(), seen).next).toMatchObject({ phase: 'paused', reason });
    expect(after(rollout({ phase: 'dispatching', wave: 0 }), seen).next).toMatchObject({ phase: 'paused', reason });
    const settled = rollout({ phase: 'settling', wave: 0, settleUntilMs: NOON });
    expect(after(settled, { counts: [done], ...seen }).next).toMatchObject({ phase: 'paused', reason });
  });

  it('dispatching: sends off as many as may be in flight', () => {
    const busy = rollout({ phase: 'dispatching', wave: 1 }, { max_in_flight: 5 });
    const seen = { counts: [counts({ committed: 1, in_flight: 1 }), counts({ pending: 20, in_flight: 2 })] };
    expect(after(busy, seen).effects).toContainEqual({ kind: 'send', upToWave: 1, limit: 2 });
    const full = { counts: [counts({ in_flight: 5 }), counts({ pending: 20 })] };
    expect(after(busy, full)).toMatchObject({ waitsFor: 'free_slots' });
    expect(after(busy, full).effects.map(({ kind }) => kind)).not.toContain('send');
  });

  it('dispatching: sends nobody off outside its windows', () => {
    const closed = rollout(
      { phase: 'dispatching', wave: 0 },
      { windows: [{ days: ['mon'], from: '01:00', to: '02:00', time_zone: 'UTC' }] },
    );
    expect(after(closed, { counts: [counts({ pending: 3 })] })).toMatchObject({ waitsFor: 'window', effects: [] });
  });

  it('dispatching -> settling, when everybody has an end and somebody committed', () => {
    const next = after(rollout({ phase: 'dispatching', wave: 0 }), { counts: [counts({ committed: 1, refused: 2, offline: 1 })] }).next;
    expect(next).toMatchObject({ phase: 'settling', settleUntilMs: NOON + 300_000 });
  });

  it.each([counts({ refused: 3 }), counts({ offline: 3 }), counts({ skipped: 3 })])(
    'dispatching -> paused for want of evidence: %j',
    (seen) => {
      expect(after(rollout({ phase: 'dispatching', wave: 0 }), { counts: [seen] }).next).toMatchObject({
        phase: 'paused',
        reason: 'no_evidence',
      });
    },
  );

  it('passes a wave whose nodes were all decommissioned, but not a rollout of such waves only', () => {
    const gone = counts({ removed: 2 });
    expect(after(rollout({ phase: 'dispatching', wave: 1 }), { counts: [done, gone] }).next.phase).toBe('settling');
    expect(after(rollout({ phase: 'dispatching', wave: 2 }), { counts: [gone, gone, gone] }).next.reason).toBe('no_evidence');
  });

  it('dispatching -> paused, at the first failure, while others are at work', () => {
    const { next, effects } = after(rollout({ phase: 'dispatching', wave: 0 }), {
      counts: [counts({ failed: 1, in_flight: 3, pending: 4 })],
    });
    expect(next).toMatchObject({ phase: 'paused', reason: 'failures' });
    expect(effects).toEqual([{ kind: 'withdraw' }]);
  });

  it('settling -> paused, when a node reverts or falls silent in the window', () => {
    const settling = rollout({ phase: 'settling', wave: 0, settleUntilMs: NOON + 1000 });
    for (const seen of [
      counts({ committed: 1, rolled_back: 1 }),
      counts({ committed: 2, lost: 1 }),
      counts({ committed: 2, regressed: 1 }),
    ])
      expect(after(settling, { counts: [seen] }).next).toMatchObject({ phase: 'paused', reason: 'failures' });
    expect(after(settling, { counts: [done], cohort: 'failing_more' }).next.reason).toBe('cohort_failing_more');
  });

  it('settling -> dispatching the next wave, when the window is over', () => {
    const settling = rollout({ phase: 'settling', wave: 0, settleUntilMs: NOON + 1 });
    expect(after(settling, { counts: [done] })).toMatchObject({ waitsFor: 'settle_window', lookAgainMs: NOON + 1 });
    expect(after(settling, { counts: [done], nowMs: NOON + 1 }).next).toMatchObject({ phase: 'dispatching', wave: 1 });
  });

  it('settling -> completed, after the last wave', () => {
    const last = rollout({ phase: 'settling', wave: 2, settleUntilMs: NOON });
    expect(after(last, { counts: [done, done, done] }).next).toMatchObject({ phase: 'completed', catchUpUntilMs: NOON + 86_400_000 });
  });

  it('completed: picks latecomers up until the time is over or too many of them fail', () => {
    const completed = rollout({ phase: 'completed', wave: 2, catchUpUntilMs: NOON + 1000 });
    expect(after(completed, { counts: [done, done, done] }).effects.map(({ kind }) => kind)).toEqual(['catch_up', 'send']);
    expect(after(completed, { counts: [done, done, counts({ failed: 1 })] }).next.catchUpUntilMs).toBeNull();
    expect(after(completed, { counts: [done], nowMs: NOON + 1000 }).next.catchUpUntilMs).toBeNull();
  });

  it('asks for approval where the strategy wants it', () => {
    expect(after(rollout({}, { approval: 'every_wave' })).next).toMatchObject({ phase: 'awaiting_approval', wave: -1 });
    const canary = rollout({ phase: 'settling', wave: 0, settleUntilMs: NOON }, { approval: 'after_canary' });
    expect(after(canary, { counts: [done] }).next.phase).toBe('awaiting_approval');
    const second = rollout({ phase: 'settling', wave: 1, settleUntilMs: NOON }, { approval: 'after_canary' });
    expect(after(second, { counts: [done, done] }).next).toMatchObject({ phase: 'dispatching', wave: 2 });
  });

  it('checks a wave ahead, and halts before the first swap', () => {
    const checked = rollout({}, { preflight: true });
    const { next, effects } = after(checked);
    expect(next.phase).toBe('preflight');
    expect(effects).toEqual([{ kind: 'preflight', wave: 0 }]);
    expect(after(next, { preflight: { pending: 1, failed: 0 } }).waitsFor).toBe('preflight');
    expect(after(next, { preflight: { pending: 1, failed: 1 } }).next).toMatchObject({
      phase: 'paused',
      reason: 'preflight_failed',
      wave: -1,
    });
    expect(after(next).next).toMatchObject({ phase: 'dispatching', wave: 0 });
  });

  it('sends nodes back by itself after failures, when told so beforehand', () => {
    const own = rollout({ phase: 'dispatching', wave: 0 }, { auto_rollback: true });
    const { next } = after(own, { counts: [counts({ failed: 1 })] });
    expect(next).toMatchObject({ phase: 'rolling_back', reason: 'sent_back_after_failures' });
    expect(after(next).effects).toEqual([{ kind: 'send_back', waves: [0] }]);
    expect(after(next, { sendingBack: 'running' }).effects).toEqual([]);
    expect(after(next, { sendingBack: 'completed' }).next.phase).toBe('rolled_back');
    expect(after(next, { sendingBack: 'given_up' }).next.phase).toBe('aborted');
    expect(after(own, { artefact: 'changed' }).next.phase).toBe('paused');
  });
});

describe('what people ask for', () => {
  const paused = rollout({ phase: 'paused', reason: 'failures', wave: 1 });

  it('resume: goes on with the wave, and what was seen halts it no more', () => {
    const seen = { counts: [done, counts({ failed: 1, pending: 3 })] };
    const result = asked(paused, 'resume', seen);
    expect(result).toMatchObject({ ok: true, step: { next: { phase: 'dispatching', wave: 1, acknowledged: [0, 1] } } });
    if (result.ok) expect(after(result.step.next, seen).next.phase).toBe('dispatching');
    expect(asked(rollout({ phase: 'paused' }), 'resume')).toMatchObject({ step: { next: { phase: 'scheduled' } } });
  });

  it('retry: those that failed become pending once more', () => {
    expect(asked(paused, 'retry', { counts: [done, counts({ failed: 1 })] })).toMatchObject({
      step: { next: { phase: 'dispatching' }, effects: [{ kind: 'reset_failed' }, { kind: 'catch_up', upToWave: 1 }] },
    });
  });

  it('approve: by another person where the strategy says so', () => {
    const waiting = rollout({ phase: 'awaiting_approval', wave: 0 }, { approval: 'every_wave', second_person: true });
    expect(asked(waiting, 'approve', { counts: [done] })).toEqual({ ok: false, code: 'rollout_second_person_required' });
    const approved = asked(waiting, 'approve', { counts: [done] }, 'bob');
    expect(approved).toMatchObject({ ok: true, step: { next: { approved: [1] } } });
    if (approved.ok) expect(after(approved.step.next, { counts: [done] }).next).toMatchObject({ phase: 'dispatching', wave: 1 });
  });

  it('promote: starts the next wave now, never without evidence or past an approval', () => {
    const settling = rollout({ phase: 'settling', wave: 0, settleUntilMs: NOON + 1000 });
    expect(asked(settling, 'promote', { counts: [done] })).toMatchObject({ step: { next: { phase: 'dispatching', wave: 1 } } });
    const busy = rollout({ phase: 'dispatching', wave: 0 });
    expect(asked(busy, 'promote', { counts: [counts({ committed: 1, in_flight: 2 })] })).toMatchObject({ step: { next: { wave: 1 } } });
    expect(asked(busy, 'promote', { counts: [counts({ in_flight: 2 })] })).toEqual({ ok: false, code: 'rollout_no_evidence' });
    expect(asked(rollout({ phase: 'awaiting_approval', wave: 0 }), 'promote')).toEqual({ ok: false, code: 'rollout_approval_required' });
  });

  it('roll back a wave: pauses, and sends that wave’s nodes back', () => {
    expect(asked(rollout({ phase: 'dispatching', wave: 1 }), 'roll_back_wave')).toMatchObject({
      step: { next: { phase: 'paused', reason: 'wave_sent_back' }, effects: [{ kind: 'withdraw' }, { kind: 'send_back', waves: [1] }] },
    });
  });

  it.each<[RolloutAct, RolloutPhase]>([
    ['pause', 'paused'],
    ['resume', 'dispatching'],
    ['approve', 'settling'],
    ['promote', 'paused'],
    ['abort', 'completed'],
    ['retry', 'completed'],
    ['supersede', 'superseded'],
    ['roll_back', 'rolling_back'],
  ])('%s is refused while %s', (what, phase) => {
    expect(asked(rollout({ phase, wave: 1 }), what)).toEqual({ ok: false, code: 'rollout_state_conflict' });
  });
});
