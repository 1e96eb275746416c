export { ATTEMPT_INPUTS, ATTEMPT_TABLE, isBeforeActivation, step, type AttemptInput, type StepResult } from './attempt-table.ts';
