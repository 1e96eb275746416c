/** The words of rollouts: one vocabulary for the machine that runs them, the API and whoever looks. */

export const ROLLOUT_PHASES = [
  'scheduled',
  'preflight',
  'dispatching',
  'settling',
  'awaiting_approval',
  'paused',
  'completed',
  'aborted',
  'rolling_back',
  'rolled_back',
  'superseded',
] as const;
export type RolloutPhase = (typeof ROLLOUT_PHASES)[number];

/** Why a rollout is where it is. */
export const ROLLOUT_REASONS = [
  'created',
  'wave_opened',
  'preflight_started',
  'wave_done',
  'approval_needed',
  'all_waves_settled',
  'failures',
  'no_evidence',
  'preflight_failed',
  'artefact_changed',
  'provenance_mismatch',
  'cohort_failing_more',
  'cohort_restarting_more',
  'paused_by_person',
  'resumed_by_person',
  'retried_by_person',
  'approved_by_person',
  'promoted_by_person',
  'aborted_by_person',
  'superseded_by_person',
  'sent_back_by_person',
  'sent_back_after_failures',
  'wave_sent_back',
  'everybody_is_back',
  'return_given_up',
] as const;
export type RolloutReason = (typeof ROLLOUT_REASONS)[number];

/** What it waits for. */
export const WAITS = [
  'start_time',
  'window',
  'thaw',
  'source_group',
  'preflight',
  'nodes',
  'offline_nodes',
  'free_slots',
  'settle_window',
  'approval',
  'person',
  'return',
  'latecomers',
  'nothing',
] as const;
export type Wait = (typeof WAITS)[number];

/** Why a node of the group is in no wave. */
export const EXCLUSIONS = [
  'revoked',
  'quarantined',
  'in_maintenance',
  'no_capability',
  'channel_not_allowed',
  'pinned',
  'already_there',
] as const;
export type Exclusion = (typeof EXCLUSIONS)[number];

/** `due`: the command is stored and has not left yet. `offline`, `skipped` and `removed` are no verdict on the release. */
export const TARGET_STATES = [
  'pending',
  'due',
  'in_progress',
  'committed',
  'failed',
  'rolled_back',
  'refused',
  'skipped',
  'offline',
  'removed',
] as const;
export type TargetState = (typeof TARGET_STATES)[number];
