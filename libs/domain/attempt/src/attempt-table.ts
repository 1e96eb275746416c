/**
 * One attempt: one node's try at one release. The whole machine is the table below; a pair marked `null` is illegal and
 * answered with a coded refusal by `step`. The agent persists every state before it acts on it, so after a crash the table
 * also says where the attempt goes on: before activation an `interrupt` leads back to a step that can run again; from
 * `activating` on only what the disk says (`activated`) or the guard's verdict (`prove`, `revert`) moves it.
 *
 * `refuse` is the node's own policy or a person's cancel; `fail` is anything else before activation; after it there is no
 * failure, only the guard's revert.
 */
import type { AttemptState } from '@tidegate/contract-events';

export const ATTEMPT_INPUTS = [
  'resolve',
  'resolved',
  'verified',
  'fetched',
  'drain',
  'drained',
  'snapshotted',
  'activated',
  'prove',
  'revert',
  'restored',
  'refuse',
  'fail',
  'interrupt',
] as const;
export type AttemptInput = (typeof ATTEMPT_INPUTS)[number];
type Row = Readonly<Record<AttemptInput, AttemptState | null>>;

const ended: Row = {
  resolve: null,
  resolved: null,
  verified: null,
  fetched: null,
  drain: null,
  drained: null,
  snapshotted: null,
  activated: null,
  prove: null,
  revert: null,
  restored: null,
  refuse: null,
  fail: null,
  interrupt: null,
};
/** Before activation every state can be refused, failed or interrupted; `resume` is where an interrupted one goes on. */
const before = (resume: AttemptState, next: Partial<Row>): Row => ({
  ...ended,
  refuse: 'refused',
  fail: 'failed',
  interrupt: resume,
  ...next,
});

export const ATTEMPT_TABLE: Readonly<Record<AttemptState, Row>> = {
  accepted: before('accepted', { resolve: 'resolving' }),
  resolving: before('accepted', { resolved: 'verifying' }),
  verifying: before('accepted', { verified: 'fetching' }),
  fetching: before('accepted', { fetched: 'staged' }),
  staged: before('staged', { drain: 'draining' }),
  draining: before('staged', { drained: 'snapshotting' }),
  snapshotting: before('staged', { snapshotted: 'activating' }),
  // The intent is on disk, the swap may or may not have happened: the links tell.
  activating: before('staged', { activated: 'trial', revert: 'rolling_back' }),
  trial: { ...ended, prove: 'committed', revert: 'rolling_back' },
  rolling_back: { ...ended, restored: 'rolled_back', interrupt: 'rolling_back' },
  committed: ended,
  rolled_back: ended,
  failed: ended,
  refused: ended,
};

export type StepResult =
  | { readonly legal: true; readonly next: AttemptState }
  | { readonly legal: false; readonly from: AttemptState; readonly input: AttemptInput };

export const step = (from: AttemptState, input: AttemptInput): StepResult => {
  const next = ATTEMPT_TABLE[from][input];
  return next === null ? { legal: false, from, input } : { legal: true, next };
};

/** The states in which `current` has not been swapped, so that giving up leaves the node as it was. */
export const isBeforeActivation = (state: AttemptState): boolean => ATTEMPT_TABLE[state].fail !== null && state !== 'activating';
