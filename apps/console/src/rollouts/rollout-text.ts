import type { Exclusion, RolloutCounts, RolloutPhase, RolloutReason, RolloutStrategy, TargetState, WaveSize } from '@tidegate/contract-api';
import type { Tone } from '../nodes/badge-text.ts';

type Said = readonly [text: string, tone: Tone];

const PHASES: Record<RolloutPhase, Said> = {
  scheduled: ['scheduled', 'calm'],
  preflight: ['preflight', 'live'],
  dispatching: ['dispatching', 'live'],
  settling: ['settling', 'live'],
  awaiting_approval: ['awaiting approval', 'caution'],
  paused: ['paused', 'caution'],
  completed: ['completed', 'good'],
  aborted: ['aborted', 'bad'],
  rolling_back: ['rolling back', 'caution'],
  rolled_back: ['rolled back', 'bad'],
  superseded: ['superseded', 'calm'],
};

const REASONS: Record<RolloutReason, string> = {
  created: 'It was made.',
  wave_opened: 'A wave was opened.',
  preflight_started: 'Nodes of the next wave check the release without activating it.',
  wave_done: 'Every node of the wave has an end.',
  approval_needed: 'The next wave needs an approval.',
  all_waves_settled: 'All waves have settled.',
  failures: 'More nodes failed than the threshold allows.',
  no_evidence: 'No node of the wave committed the release.',
  preflight_failed: 'The release did not pass the check before activation.',
  artefact_changed: 'The source offers another artefact under this version than the pinned one.',
  provenance_mismatch: 'The release could not be read again, or its tag names another commit.',
  cohort_failing_more: 'Upgraded nodes fail more checks than the others.',
  cohort_restarting_more: 'Upgraded nodes restart more often than the others.',
  paused_by_person: 'A person paused it.',
  resumed_by_person: 'A person let it go on.',
  retried_by_person: 'A person had the failed nodes tried again.',
  approved_by_person: 'A person approved the next wave.',
  promoted_by_person: 'A person began the next wave early.',
  aborted_by_person: 'A person ended it.',
  superseded_by_person: 'A person put another rollout in its place.',
  sent_back_by_person: 'A person sent its nodes back.',
  sent_back_after_failures: 'Its nodes are sent back because of failures.',
  wave_sent_back: 'The nodes of one wave were sent back.',
  everybody_is_back: 'Every node is back on what it ran before.',
  return_given_up: 'Sending its nodes back was given up.',
};
const BY_A_PERSON: readonly RolloutReason[] = ['paused_by_person', 'wave_sent_back'];

/** Whoever looks must see at once whether a person stopped it or it stopped itself. */
export const phaseText = (phase: RolloutPhase, reason: RolloutReason): Said =>
  phase === 'paused' && !BY_A_PERSON.includes(reason) ? ['halted', 'bad'] : PHASES[phase];
export const phaseWord = (phase: RolloutPhase): string => PHASES[phase][0];
export const reasonText = (reason: RolloutReason): string => REASONS[reason];

const STATES: Record<TargetState, Said> = {
  pending: ['pending', 'calm'],
  due: ['due', 'live'],
  in_progress: ['in progress', 'live'],
  committed: ['committed', 'good'],
  failed: ['failed', 'bad'],
  rolled_back: ['rolled back', 'bad'],
  refused: ['refused', 'caution'],
  skipped: ['skipped', 'calm'],
  offline: ['offline', 'calm'],
  removed: ['removed', 'calm'],
};
export const stateText = (state: TargetState): Said => STATES[state];
/** A node at work is followed to its end, and one that committed is no longer waited for. */
export const canBeSkipped = (state: TargetState): boolean => !['in_progress', 'committed', 'removed', 'skipped'].includes(state);

const EXCLUDED: Record<Exclusion, string> = {
  revoked: 'their key was revoked',
  quarantined: 'two machines use one identity',
  in_maintenance: 'in maintenance',
  no_capability: 'the agent offers no upgrades',
  channel_not_allowed: 'their policy does not allow the channel',
  pinned: 'their policy pins another version',
  already_there: 'run this version already',
};
export const exclusionText = (reason: Exclusion): string => EXCLUDED[reason];

const percent = (share: number): string => `${Number((share * 100).toFixed(4))}%`;
export const waveSizeText = (size: WaveSize): string => ('share' in size ? percent(size.share) : String(size.count));
export const thresholdText = ({ max_failures: failures, max_share: share }: RolloutStrategy['failure_threshold']): string =>
  share === null ? String(failures) : percent(share);

/** `90s`, `5m`, `12h`, `3d`: the largest unit that says it exactly. */
export const secondsText = (secs: number): string => {
  for (const [unit, length] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const)
    if (secs > 0 && secs % length === 0) return `${secs / length}${unit}`;
  return `${secs}s`;
};

export interface Segment {
  readonly word: string;
  readonly tone: Tone;
  readonly nodes: number;
}
/** A wave's nodes, each counted once, in the order of the bar; what is missing to the total is pending. */
export const segmentsOf = (counts: RolloutCounts): Segment[] =>
  (
    [
      ['committed', 'good', counts.committed - counts.lost - counts.regressed],
      ['fell silent', 'bad', counts.lost],
      ['got worse', 'bad', counts.regressed],
      ['failed', 'bad', counts.failed],
      ['rolled back', 'bad', counts.rolled_back],
      ['refused', 'caution', counts.refused],
      ['skipped', 'calm', counts.skipped],
      ['offline', 'calm', counts.offline],
      ['in flight', 'live', counts.in_flight],
    ] as const
  )
    .filter(([, , nodes]) => nodes > 0)
    .map(([word, tone, nodes]) => ({ word, tone, nodes }));

const ISO = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/;
/** The manager's sentence in parts; every second part is a time, which the page says by the clock of whoever reads it. */
export const timesApart = (sentence: string): string[] => sentence.split(ISO);
