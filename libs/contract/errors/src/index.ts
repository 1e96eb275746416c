export {
  ERRORS,
  ERROR_CODES,
  isErrorCode,
  isUpgradeErrorCode,
  type Area,
  type ErrorCode,
  type ErrorEntry,
  type NodeState,
  type Outcome,
  type Phase,
  type Severity,
  type UpgradeErrorCode,
} from './registry.ts';
export { accept, CodedError, isCodedError, refuse, type ErrorDetails, type Refusal, type Verdict } from './coded-error.ts';
