import type { RolloutPhase } from '@tidegate/contract-api';

export const ROLLOUT_INPUTS = [
  'open_preflight',
  'open_wave',
  'wave_done',
  'need_approval',
  'finish',
  'halt',
  'pause',
  'unpause',
  'reschedule',
  'retry',
  'abort',
  'roll_back',
  'returned',
  'return_given_up',
  'supersede',
] as const;
export type RolloutInput = (typeof ROLLOUT_INPUTS)[number];
type Row = Readonly<Record<RolloutInput, RolloutPhase | null>>;

const nothing: Row = {
  open_preflight: null,
  open_wave: null,
  wave_done: null,
  need_approval: null,
  finish: null,
  halt: null,
  pause: null,
  unpause: null,
  reschedule: null,
  retry: null,
  abort: null,
  roll_back: null,
  returned: null,
  return_given_up: null,
  supersede: null,
};
/** Whatever is under way can be halted, paused, aborted and superseded. */
const underWay: Row = { ...nothing, halt: 'paused', pause: 'paused', abort: 'aborted', supersede: 'superseded' };
/** And, once a wave was opened, sent back. */
const started: Row = { ...underWay, roll_back: 'rolling_back', retry: 'dispatching' };

/**
 * One rollout: one release to one selection, in waves. The whole machine is the table below; a pair marked `null` is illegal and
 * answered with a coded refusal. Only `step` (what the reconciler observes) and `act` (what a person asks for) give inputs.
 *
 * A rollout that was paused goes on by `dispatching` its current wave again, where everything that is done stays done: what
 * follows is a whole settle window, so that health has to hold after what halted it.
 */
export const ROLLOUT_TABLE: Readonly<Record<RolloutPhase, Row>> = {
  scheduled: { ...underWay, open_preflight: 'preflight', open_wave: 'dispatching', need_approval: 'awaiting_approval' },
  preflight: { ...started, open_wave: 'dispatching' },
  dispatching: { ...started, wave_done: 'settling', open_wave: 'dispatching', open_preflight: 'preflight' },
  settling: { ...started, open_wave: 'dispatching', open_preflight: 'preflight', need_approval: 'awaiting_approval', finish: 'completed' },
  awaiting_approval: { ...started, open_wave: 'dispatching', open_preflight: 'preflight' },
  paused: {
    ...nothing,
    unpause: 'dispatching',
    reschedule: 'scheduled',
    retry: 'dispatching',
    abort: 'aborted',
    roll_back: 'rolling_back',
    supersede: 'superseded',
  },
  completed: { ...nothing, roll_back: 'rolling_back' },
  aborted: { ...nothing, roll_back: 'rolling_back' },
  rolling_back: { ...nothing, returned: 'rolled_back', return_given_up: 'aborted' },
  rolled_back: nothing,
  superseded: nothing,
};

export const move = (from: RolloutPhase, input: RolloutInput): RolloutPhase | null => ROLLOUT_TABLE[from][input];

const ENDED: readonly RolloutPhase[] = ['completed', 'aborted', 'rolled_back', 'superseded'];
export const hasEnded = (phase: RolloutPhase): boolean => ENDED.includes(phase);
