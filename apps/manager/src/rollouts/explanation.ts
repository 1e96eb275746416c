import type { RolloutCounts, RolloutReason, RolloutView, Wait } from '@tidegate/contract-api';
import { act, ROLLOUT_ACTS, type Facts, type Rollout, type RolloutAct } from '@tidegate/domain-rollout';

/** What the API offers of them; the others are a rollout's own doing, or not done at all. */
const OFFERED: readonly RolloutAct[] = ['pause', 'resume', 'retry', 'approve', 'promote', 'abort', 'roll_back', 'roll_back_wave'];

/** What this person may ask for now. */
export function actsOpenTo(userId: string, rollout: Rollout, counts: readonly RolloutCounts[]): RolloutAct[] {
  const facts: Facts = {
    nowMs: 0,
    counts,
    frozen: false,
    provenance: 'not_configured',
    artefact: 'as_pinned',
    sourceGroup: 'not_required',
    cohort: 'too_few',
    preflight: { pending: 0, failed: 0 },
    sendingBack: 'none',
  };
  return ROLLOUT_ACTS.filter((what) => OFFERED.includes(what) && act(rollout, what, facts, userId).ok);
}

const WAITING: Readonly<Record<Wait, (view: RolloutView) => string>> = {
  start_time: ({ strategy }) => `It begins at ${strategy.start_at ?? ''}.`,
  window: () => 'It waits for a maintenance window to open.',
  thaw: () => 'Rollouts of the whole installation are held.',
  source_group: () => 'The same artefact has to complete a rollout in the source group first.',
  preflight: () => 'Nodes of the next wave check it without activating it.',
  nodes: ({ wave, totals }) => `Wave ${wave + 1} is at work: ${totals.in_flight} nodes have it, ${totals.pending} wait.`,
  offline_nodes: ({ totals }) => `It waits for ${totals.waiting_offline} nodes that are offline.`,
  free_slots: ({ strategy }) => `As many nodes are at work as may be at one time (${strategy.max_in_flight ?? ''}).`,
  settle_window: ({ wave, settle_until: until }) => `Wave ${wave + 1} is done and settles until ${until ?? ''}.`,
  approval: ({ wave, strategy }) =>
    `Wave ${wave + 2} waits for the approval of ${strategy.second_person ? 'another group admin than who made it' : 'a group admin'}.`,
  person: () => 'A person has to decide: resume, retry the failed nodes, skip some, or abort.',
  return: ({ returns }) => `Nodes go back to the version they had: ${returns?.returned ?? 0} of ${returns?.total ?? 0} are back.`,
  latecomers: ({ catch_up_until: until }) => `It is done; nodes that come back or join are upgraded until ${until ?? ''}.`,
  nothing: () => '',
};

const STOPPED: Readonly<Partial<Record<RolloutReason, (view: RolloutView) => string>>> = {
  failures: ({ totals }) =>
    `It halted: ${totals.failed} nodes failed, ${totals.rolled_back} went back, ${totals.lost} fell silent, ${totals.regressed} got worse.`,
  no_evidence: ({ wave }) => `It halted: no node of wave ${wave + 1} committed the release, so nothing speaks for it.`,
  artefact_changed: () => 'It halted: the source now offers another artefact under this version than the one that was pinned.',
  provenance_mismatch: () => 'It halted: the release could not be read again, or the tag does not name the commit it was built from.',
  cohort_failing_more: () => 'It halted: upgraded nodes fail more checks than those that were not upgraded.',
  cohort_restarting_more: () => 'It halted: upgraded nodes restart more often than those that were not upgraded.',
  paused_by_person: () => 'A person paused it.',
  wave_sent_back: ({ wave, returns }) =>
    `A person sent wave ${wave + 1} back: ${returns?.returned ?? 0} of ${returns?.total ?? 0} nodes are back.`,
};

const ENDED: Readonly<Partial<Record<RolloutView['phase'], string>>> = {
  completed: 'It is complete.',
  aborted: 'It was aborted.',
  superseded: 'Another rollout took its place.',
  rolled_back: 'Its nodes were sent back.',
};

/** Why it is where it is, then what it waits for. */
export function sentenceOf(view: RolloutView): string {
  const why = view.phase === 'paused' ? (STOPPED[view.reason]?.(view) ?? '') : (ENDED[view.phase] ?? '');
  return [why, WAITING[view.waits_for](view)].filter((part) => part !== '').join(' ');
}
