/** The other half of the machine: what people ask for. A refusal is a result with its code. */
import type { RolloutReason } from '@tidegate/contract-api';
import { isDone } from './halt-rule.ts';
import type { Effect, Facts, Rollout, Step } from './rollout.ts';
import { move, type RolloutInput } from './rollout-table.ts';
import { acknowledgeAll, countsOf, leaveWave, moved, openWave } from './step.ts';

export const ROLLOUT_ACTS = [
  'pause',
  'resume',
  'retry',
  'approve',
  'promote',
  'abort',
  'roll_back',
  'roll_back_wave',
  'supersede',
] as const;
export type RolloutAct = (typeof ROLLOUT_ACTS)[number];

export type ActRefusal = 'rollout_state_conflict' | 'rollout_second_person_required' | 'rollout_no_evidence' | 'rollout_approval_required';
export type ActResult = { readonly ok: true; readonly step: Step } | { readonly ok: false; readonly code: ActRefusal };

const refuse = (code: ActRefusal): ActResult => ({ ok: false, code });
const done = (next: Rollout, facts: Facts, effects: readonly Effect[] = []): ActResult => ({
  ok: true,
  step: { next, effects, waitsFor: 'nothing', lookAgainMs: facts.nowMs },
});

type Perform = (rollout: Rollout, facts: Facts, actor: string) => ActResult;

/** A plain move of the table. */
const simply =
  (input: RolloutInput, reason: RolloutReason, effects: readonly Effect[] = []): Perform =>
  (rollout, facts) =>
    move(rollout.phase, input) === null ? refuse('rollout_state_conflict') : done(moved(rollout, input, reason), facts, effects);

const WITHDRAW: Effect = { kind: 'withdraw' };

const PERFORM: Readonly<Record<RolloutAct, Perform>> = {
  pause: simply('pause', 'paused_by_person', [WITHDRAW]),
  abort: simply('abort', 'aborted_by_person', [WITHDRAW]),
  supersede: simply('supersede', 'superseded_by_person', [WITHDRAW]),
  roll_back: (rollout, facts, actor) =>
    rollout.wave < 0 ? refuse('rollout_state_conflict') : simply('roll_back', 'sent_back_by_person', [WITHDRAW])(rollout, facts, actor),
  resume(rollout, facts) {
    if (rollout.phase !== 'paused') return refuse('rollout_state_conflict');
    const input = rollout.wave < 0 ? 'reschedule' : 'unpause';
    // Whoever was offline may be back: a wave that halted because nobody was there to try it would halt again at once.
    const effects: readonly Effect[] = rollout.wave < 0 ? [] : [{ kind: 'catch_up', upToWave: rollout.wave }];
    return done(moved(rollout, input, 'resumed_by_person', { acknowledged: acknowledgeAll(rollout, facts) }), facts, effects);
  },
  retry(rollout, facts) {
    if (rollout.wave < 0 || move(rollout.phase, 'retry') === null) return refuse('rollout_state_conflict');
    // Those that failed get another verdict, so that nothing of the old one is left to acknowledge.
    const acknowledged = acknowledgeAll(rollout, facts).map((_, wave) => countsOf(facts, wave).lost + countsOf(facts, wave).regressed);
    return done(moved(rollout, 'retry', 'retried_by_person', { acknowledged }), facts, [
      { kind: 'reset_failed' },
      { kind: 'catch_up', upToWave: rollout.wave },
    ]);
  },
  approve(rollout, facts, actor) {
    if (rollout.phase !== 'awaiting_approval') return refuse('rollout_state_conflict');
    if (rollout.strategy.second_person && actor === rollout.createdBy) return refuse('rollout_second_person_required');
    const approved = { ...rollout, approved: [...rollout.approved, rollout.wave + 1] };
    // The next step opens the wave, or says what else it waits for: provenance, windows and a preflight are asked there.
    return done({ ...approved, reason: 'approved_by_person' }, facts);
  },
  promote(rollout, facts) {
    if (rollout.phase === 'awaiting_approval') return refuse('rollout_approval_required');
    if (rollout.phase !== 'settling' && rollout.phase !== 'dispatching') return refuse('rollout_state_conflict');
    if (countsOf(facts, rollout.wave).committed === 0) return refuse('rollout_no_evidence');
    if (rollout.phase === 'settling') return { ok: true, step: leaveWave(rollout, facts, 'promoted_by_person') };
    // While nodes of this wave are still at work the next one can only be opened beside it, and only if no approval is due.
    const isLast = rollout.wave + 1 >= rollout.waves;
    if (isLast || isDone(countsOf(facts, rollout.wave))) return refuse('rollout_state_conflict');
    if (rollout.strategy.approval !== 'none' && !rollout.approved.includes(rollout.wave + 1)) return refuse('rollout_approval_required');
    return done(openWave(rollout, 'promoted_by_person'), facts);
  },
  roll_back_wave(rollout, facts) {
    if (rollout.wave < 0) return refuse('rollout_state_conflict');
    const effects: readonly Effect[] = [WITHDRAW, { kind: 'send_back', waves: [rollout.wave] }];
    if (rollout.phase === 'paused') return done({ ...rollout, reason: 'wave_sent_back' }, facts, effects);
    return simply('pause', 'wave_sent_back', effects)(rollout, facts, '');
  },
};

/** @param actor who asks; the second-person rule compares it with who made the rollout. */
export const act = (rollout: Rollout, what: RolloutAct, facts: Facts, actor: string): ActResult => PERFORM[what](rollout, facts, actor);
