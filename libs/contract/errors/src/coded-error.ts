import { ERRORS, type ErrorCode } from './registry.ts';

/** Values that may leave the process with a code: never secrets, never exception texts of libraries. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | readonly string[] | null>>;

/**
 * A refusal on its way to whoever asked. Branch on `code`, never on the message.
 * Most functions return refusals as values; this class carries one across layers that can only throw.
 */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(`${code}: ${ERRORS[code].meaning}`, options);
    this.code = code;
    this.details = details;
  }
}

export const isCodedError = (error: unknown): error is CodedError => error instanceof CodedError;

/** A decision: either a value or a coded refusal. A refusal is a result, a bug is a throw. */
export type Verdict<T> = { readonly ok: true; readonly value: T } | Refusal;
export interface Refusal {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
}
export const accept = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });
export const refuse = (code: ErrorCode, details: ErrorDetails = {}): Refusal => ({ ok: false, code, details });
