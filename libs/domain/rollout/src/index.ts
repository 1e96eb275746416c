export { act, ROLLOUT_ACTS, type ActRefusal, type ActResult, type RolloutAct } from './act.ts';
export { failuresOf, isDone, isTooMany, NO_COUNTS, verdictsOf, type WaveCounts } from './halt-rule.ts';
export { compareCohorts, MIN_COHORT, type Cohort, type CohortVerdict } from './health-cohort.ts';
export { isOpen, opensAt } from './maintenance-window.ts';
export type { Effect, Facts, Rollout, Step } from './rollout.ts';
export { hasEnded, move, ROLLOUT_INPUTS, ROLLOUT_TABLE, type RolloutInput } from './rollout-table.ts';
export { step } from './step.ts';
export { exclusionOf, planWaves, type Candidate, type PlanRequest, type WavePlan } from './wave-plan.ts';
