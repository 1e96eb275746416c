import type { RolloutStrategy } from '@tidegate/contract-api';

/** One wave's targets by what became of them. From one SQL view; a target is counted once. */
export interface WaveCounts {
  /** Not sent off yet. */
  readonly pending: number;
  /** Of the pending: offline nodes that the offline policy waits for. */
  readonly waiting_offline: number;
  /** Released for dispatch, or at work. */
  readonly in_flight: number;
  readonly committed: number;
  /** Of the committed: silent since, or with failing checks they did not have before. */
  readonly lost: number;
  readonly regressed: number;
  readonly failed: number;
  readonly rolled_back: number;
  /** By the node's own policy: no failure, and no evidence either. */
  readonly refused: number;
  /** By a person, or offline under the policy `skip`. */
  readonly skipped: number;
  readonly offline: number;
  /** Decommissioned: in no denominator. */
  readonly removed: number;
}

export const NO_COUNTS: WaveCounts = {
  pending: 0,
  waiting_offline: 0,
  in_flight: 0,
  committed: 0,
  lost: 0,
  regressed: 0,
  failed: 0,
  rolled_back: 0,
  refused: 0,
  skipped: 0,
  offline: 0,
  removed: 0,
};

export const failuresOf = (counts: WaveCounts): number => counts.failed + counts.rolled_back + counts.lost + counts.regressed;
/** Nodes that gave a verdict on the release. */
export const verdictsOf = (counts: WaveCounts): number => counts.committed + counts.failed + counts.rolled_back;
export const isDone = (counts: WaveCounts): boolean => counts.pending === 0 && counts.in_flight === 0;

/**
 * Whether a wave's failures are too many. `acknowledged` are those a person has seen and gone on after.
 *
 * | max_share | verdicts | halts when |
 * |---|---|---|
 * | none | any | new failures > max_failures |
 * | s | < min_sample, wave at work | never: too few to judge |
 * | s | >= min_sample, or wave done | new failures / verdicts > s |
 */
export function isTooMany(threshold: RolloutStrategy['failure_threshold'], counts: WaveCounts, acknowledged: number): boolean {
  const failures = failuresOf(counts) - acknowledged;
  if (failures <= 0) return false;
  if (threshold.max_share === null) return failures > threshold.max_failures;
  const verdicts = verdictsOf(counts);
  if (verdicts < threshold.min_sample && !isDone(counts)) return false;
  return failures / Math.max(1, verdicts) > threshold.max_share;
}
