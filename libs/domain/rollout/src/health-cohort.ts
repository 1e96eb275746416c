/** What was seen of one side of a rollout over the settle window. */
export interface Cohort {
  readonly nodes: number;
  /** Nodes with a failing check that was not failing before. */
  readonly failing: number;
  readonly restarts: number;
  readonly nodeHours: number;
}

/** Below this many nodes on either side chance decides, so each node's own baseline alone does. */
export const MIN_COHORT = 20;
/** Twice as bad as the nodes that were not upgraded, and by more than a few in a hundred. */
const FACTOR = 2;
const MIN_EXCESS_FAILING = 0.05;
const MIN_EXCESS_RESTARTS_PER_HOUR = 0.5;
/** One restart in the first minute is a high rate, and chance. */
const MIN_RESTARTS = 3;

export type CohortVerdict = 'too_few' | 'alike' | 'failing_more' | 'restarting_more';

/** Upgraded nodes against those of the same rollout that were not: what troubles both is not the release. */
export function compareCohorts(upgraded: Cohort, control: Cohort): CohortVerdict {
  if (upgraded.nodes < MIN_COHORT || control.nodes < MIN_COHORT) return 'too_few';
  if (isWorse(upgraded.failing / upgraded.nodes, control.failing / control.nodes, MIN_EXCESS_FAILING)) return 'failing_more';
  const rate = ({ restarts, nodeHours }: Cohort): number => (nodeHours > 0 ? restarts / nodeHours : 0);
  const isRestarting = upgraded.restarts >= MIN_RESTARTS && isWorse(rate(upgraded), rate(control), MIN_EXCESS_RESTARTS_PER_HOUR);
  return isRestarting ? 'restarting_more' : 'alike';
}

const isWorse = (ours: number, theirs: number, minExcess: number): boolean => ours > theirs * FACTOR && ours - theirs > minExcess;
