import type { ErrorCode, ErrorDetails } from '@tidegate/contract-errors';

/** `broken`: something does not work, or will not. `notice`: worth knowing. */
export interface Finding {
  readonly code: ErrorCode;
  readonly weight: 'broken' | 'notice';
  readonly details: ErrorDetails;
}

export const found = (when: boolean, code: ErrorCode, weight: Finding['weight'], details: ErrorDetails): Finding[] =>
  when ? [{ code, weight, details }] : [];
