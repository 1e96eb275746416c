import { CodedError, isCodedError, refuse, type ErrorDetails, type Refusal } from '@tidegate/contract-errors';

/** A failure that another try may cure: a cut line, a busy server. */
export class TransientNetworkError extends CodedError {
  constructor(details: ErrorDetails, options?: ErrorOptions) {
    super('upgrade_network_error', details, options);
  }
}

export const urlInvalid = (rule: string, host: string): CodedError => new CodedError('upgrade_url_invalid', { rule, host });

/** What an aborted signal means: the code its reason carries, else that the attempt was interrupted. */
export const abortError = (signal: AbortSignal): CodedError =>
  isCodedError(signal.reason) ? signal.reason : new CodedError('upgrade_interrupted', { rule: 'aborted' });

/** System or library name of an error, never its text. */
export function errorName(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.name : 'unknown';
}

/** Turns what was thrown into a refusal; a bug stays a throw. */
export function asRefusal(error: unknown): Refusal {
  if (isCodedError(error)) return refuse(error.code, error.details);
  throw error;
}
