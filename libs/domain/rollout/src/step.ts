/**
 * The reconciler's half of the machine: what follows from what is seen, at most one transition at a time. Called again and
 * again with fresh facts, by any replica; every effect can run twice.
 */
import type { RolloutPhase, RolloutReason, Wait } from '@tidegate/contract-api';
import { failuresOf, isDone, isTooMany, NO_COUNTS, verdictsOf, type WaveCounts } from './halt-rule.ts';
import { isOpen, opensAt } from './maintenance-window.ts';
import type { Effect, Facts, Rollout, Step } from './rollout.ts';
import { move, type RolloutInput } from './rollout-table.ts';

type Decide = (rollout: Rollout, facts: Facts) => Step;

export const countsOf = (facts: Pick<Facts, 'counts'>, wave: number): WaveCounts => facts.counts[wave] ?? NO_COUNTS;
const opened = (rollout: Rollout): readonly number[] => Array.from({ length: rollout.wave + 1 }, (_, wave) => wave);

/** @throws Error for a pair that is not in the table: a bug of whoever decided, never of a person. */
export function moved(rollout: Rollout, input: RolloutInput, reason: RolloutReason, change: Partial<Rollout> = {}): Rollout {
  const phase = move(rollout.phase, input);
  if (phase === null) throw new Error(`a rollout that is ${rollout.phase} does not take ${input}`);
  // Nobody is upgraded late by a rollout that is sent back.
  const catchUpUntilMs = input === 'roll_back' ? null : rollout.catchUpUntilMs;
  return { ...rollout, settleUntilMs: null, catchUpUntilMs, ...change, phase, reason };
}

const stay = (next: Rollout, waitsFor: Wait, lookAgainMs: number | null = null, effects: readonly Effect[] = []): Step => ({
  next,
  effects,
  waitsFor,
  lookAgainMs,
});
/** Something changed, so that there is something to decide at once. */
const go = (next: Rollout, nowMs: number, effects: readonly Effect[] = []): Step => ({
  next,
  effects,
  waitsFor: 'nothing',
  lookAgainMs: nowMs,
});

const DECIDE: Readonly<Record<RolloutPhase, Decide>> = {
  scheduled,
  preflight: checkAhead,
  dispatching: dispatch,
  settling: settle,
  awaiting_approval: awaitApproval,
  paused: (rollout) => stay(rollout, 'person'),
  completed: catchUp,
  aborted: (rollout) => stay(rollout, 'nothing'),
  rolling_back: sendBack,
  rolled_back: (rollout) => stay(rollout, 'nothing'),
  superseded: (rollout) => stay(rollout, 'nothing'),
};

export const step: Decide = (rollout, facts) => DECIDE[rollout.phase](forgetRecovered(rollout, facts), facts);

/** A failure that was acknowledged and is none any more must not make up for the next one. */
function forgetRecovered(rollout: Rollout, facts: Facts): Rollout {
  const failures = rollout.acknowledged.map((count, wave) => Math.min(count, failuresOf(countsOf(facts, wave))));
  return failures.every((count, wave) => count === rollout.acknowledged[wave]) ? rollout : { ...rollout, acknowledged: failures };
}

function scheduled(rollout: Rollout, facts: Facts): Step {
  const startAtMs = rollout.strategy.start_at === null ? null : Date.parse(rollout.strategy.start_at);
  if (startAtMs !== null && startAtMs > facts.nowMs) return stay(rollout, 'start_time', startAtMs);
  return openNext(rollout, facts);
}

/** Before a wave is opened everything that may forbid it is asked again. */
function openNext(rollout: Rollout, facts: Facts): Step {
  const halt = halted(rollout, facts) ?? unproven(rollout, facts);
  if (halt) return halt;
  const wait = held(rollout, facts);
  if (wait) return wait;
  if (facts.sourceGroup === 'missing') return stay(rollout, 'source_group');
  if (needsApproval(rollout)) return go(moved(rollout, 'need_approval', 'approval_needed'), facts.nowMs);
  if (!rollout.strategy.preflight) return go(openWave(rollout, 'wave_opened'), facts.nowMs);
  return go(moved(rollout, 'open_preflight', 'preflight_started'), facts.nowMs, [{ kind: 'preflight', wave: rollout.wave + 1 }]);
}

export const openWave = (rollout: Rollout, reason: RolloutReason): Rollout =>
  moved(rollout, 'open_wave', reason, { wave: rollout.wave + 1 });

function needsApproval({ strategy, wave, approved, phase }: Rollout): boolean {
  if (phase === 'awaiting_approval' || approved.includes(wave + 1)) return false;
  if (strategy.approval === 'every_wave') return true;
  return strategy.approval === 'after_canary' && wave + 1 === 1;
}

function held(rollout: Rollout, facts: Facts): Step | null {
  if (facts.frozen) return stay(rollout, 'thaw');
  if (isOpen(rollout.strategy.windows, facts.nowMs)) return null;
  return stay(rollout, 'window', opensAt(rollout.strategy.windows, facts.nowMs));
}

function checkAhead(rollout: Rollout, facts: Facts): Step {
  const halt = halted(rollout, facts);
  if (halt) return halt;
  if (facts.preflight.failed > 0) return haltFor(rollout, facts, 'preflight_failed');
  if (facts.preflight.pending > 0) return stay(rollout, 'preflight', null, [{ kind: 'preflight', wave: rollout.wave + 1 }]);
  const wait = held(rollout, facts);
  return wait ?? unproven(rollout, facts) ?? go(openWave(rollout, 'wave_opened'), facts.nowMs);
}

function dispatch(rollout: Rollout, facts: Facts): Step {
  const halt = halted(rollout, facts) ?? unproven(rollout, facts);
  if (halt) return halt;
  const waves = opened(rollout).map((wave) => countsOf(facts, wave));
  if (waves.every(isDone)) return passWave(rollout, facts);
  const wait = held(rollout, facts);
  if (wait) return wait;
  const sum = (of: (counts: WaveCounts) => number): number => waves.reduce((total, counts) => total + of(counts), 0);
  const max = rollout.strategy.max_in_flight;
  const limit = max === null ? null : Math.max(0, max - sum((counts) => counts.in_flight));
  const ready = sum((counts) => counts.pending - counts.waiting_offline);
  const catchUps: Effect = { kind: 'catch_up', upToWave: rollout.wave };
  // Offline nodes are asked for too: by policy `skip` or `fail` the sending is what takes them out.
  const sends: Effect = { kind: 'send', upToWave: rollout.wave, limit };
  if (sum((counts) => counts.pending) === 0) return stay(rollout, 'nodes', null, [catchUps]);
  if (limit === 0) return stay(rollout, 'free_slots', null, [catchUps]);
  return stay(rollout, ready > 0 || sum((counts) => counts.in_flight) > 0 ? 'nodes' : 'offline_nodes', null, [catchUps, sends]);
}

/** Approved, it may still have to wait for a window or a thaw before the wave is opened. */
function awaitApproval(rollout: Rollout, facts: Facts): Step {
  const halt = halted(rollout, facts);
  if (halt) return halt;
  return rollout.approved.includes(rollout.wave + 1) ? openNext(rollout, facts) : stay(rollout, 'approval');
}

/** Everybody in the opened waves has an end. Without a node that proves the release, a wave never passes. */
function passWave(rollout: Rollout, facts: Facts): Step {
  const current = countsOf(facts, rollout.wave);
  const committedAtAll = facts.counts.some((counts) => counts.committed > 0);
  const isLast = rollout.wave + 1 >= rollout.waves;
  // All of its nodes were decommissioned: there is no such wave any more. The rollout as a whole still needs evidence.
  const isGone = verdictsOf(current) + current.refused + current.skipped + current.offline === 0;
  if (isGone ? isLast && !committedAtAll : current.committed === 0) return haltFor(rollout, facts, 'no_evidence');
  const settleMs = isGone ? 0 : rollout.strategy.settle_secs * 1000;
  return go(moved(rollout, 'wave_done', 'wave_done', { settleUntilMs: facts.nowMs + settleMs }), facts.nowMs);
}

function settle(rollout: Rollout, facts: Facts): Step {
  const halt = halted(rollout, facts) ?? worseThanOthers(rollout, facts);
  if (halt) return halt;
  const until = rollout.settleUntilMs ?? facts.nowMs;
  if (until > facts.nowMs) return stay(rollout, 'settle_window', until);
  return leaveWave(rollout, facts, 'all_waves_settled');
}

/** The gate after a settled wave; a person's `promote` comes here early. */
export function leaveWave(rollout: Rollout, facts: Facts, reason: RolloutReason): Step {
  if (rollout.wave + 1 < rollout.waves) return openNext(rollout, facts);
  const catchUpUntilMs = facts.nowMs + rollout.strategy.catch_up_secs * 1000;
  return go(moved(rollout, 'finish', reason, { catchUpUntilMs }), facts.nowMs);
}

/** Latecomers of a completed rollout; when too many of them fail, nobody else is tried. */
function catchUp(rollout: Rollout, facts: Facts): Step {
  const until = rollout.catchUpUntilMs;
  if (until === null) return stay(rollout, 'nothing');
  if (until <= facts.nowMs || tooManyFailures(rollout, facts) || facts.artefact === 'changed' || isUnproven(facts)) {
    return stay({ ...rollout, catchUpUntilMs: null }, 'nothing', null, [{ kind: 'withdraw' }]);
  }
  if (held(rollout, facts)) return stay(rollout, 'latecomers', until);
  const upToWave = rollout.waves - 1;
  return stay(rollout, 'latecomers', until, [
    { kind: 'catch_up', upToWave },
    { kind: 'send', upToWave, limit: rollout.strategy.max_in_flight },
  ]);
}

function sendBack(rollout: Rollout, facts: Facts): Step {
  if (facts.sendingBack === 'completed') return go(moved(rollout, 'returned', 'everybody_is_back'), facts.nowMs);
  if (facts.sendingBack === 'given_up') return go(moved(rollout, 'return_given_up', 'return_given_up'), facts.nowMs);
  const waves = opened(rollout);
  return stay(rollout, 'return', null, facts.sendingBack === 'none' ? [{ kind: 'send_back', waves }] : []);
}

const tooManyFailures = (rollout: Rollout, facts: Facts): boolean =>
  opened(rollout).some((wave) => isTooMany(rollout.strategy.failure_threshold, countsOf(facts, wave), rollout.acknowledged[wave] ?? 0));

function halted(rollout: Rollout, facts: Facts): Step | null {
  if (facts.artefact === 'changed') return haltFor(rollout, facts, 'artefact_changed');
  return tooManyFailures(rollout, facts) ? haltFor(rollout, facts, 'failures') : null;
}

const isUnproven = ({ provenance }: Facts): boolean => provenance === 'mismatch' || provenance === 'missing';
/** Missing data fails closed. */
const unproven = (rollout: Rollout, facts: Facts): Step | null =>
  isUnproven(facts) ? haltFor(rollout, facts, 'provenance_mismatch') : null;

function worseThanOthers(rollout: Rollout, facts: Facts): Step | null {
  if (facts.cohort === 'failing_more') return haltFor(rollout, facts, 'cohort_failing_more');
  return facts.cohort === 'restarting_more' ? haltFor(rollout, facts, 'cohort_restarting_more') : null;
}

/** Reasons that speak against the release itself, after which nodes that run it may be sent back by the rollout's own rule. */
const AGAINST_THE_RELEASE: readonly RolloutReason[] = ['failures', 'cohort_failing_more', 'cohort_restarting_more'];

function haltFor(rollout: Rollout, facts: Facts, reason: RolloutReason): Step {
  const paused = moved(rollout, 'halt', reason);
  const effects: readonly Effect[] = [{ kind: 'withdraw' }];
  if (!rollout.strategy.auto_rollback || rollout.wave < 0 || !AGAINST_THE_RELEASE.includes(reason))
    return stay(paused, 'person', null, effects);
  return go(moved(paused, 'roll_back', 'sent_back_after_failures'), facts.nowMs, effects);
}

/** What a person who goes on has seen. */
export const acknowledgeAll = (rollout: Rollout, facts: Facts): readonly number[] =>
  opened(rollout).map((wave) => failuresOf(countsOf(facts, wave)));
