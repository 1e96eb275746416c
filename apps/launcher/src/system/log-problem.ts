import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { CodedError, isErrorCode, type ErrorCode } from '@tidegate/contract-errors';

/** What no further start will cure. Anything else may be over at the next one, and is waited for. */
const LASTING: readonly ErrorCode[] = ['config_invalid', 'database_user_missing', 'database_binaries_missing'];
const TAIL_BYTES = 16 * 1024;

/** What is logged after this moment; an earlier start may have failed for another reason. */
export interface LogPosition {
  readonly file: string;
  readonly offset: number;
}
export const logFrom = (file: string): LogPosition => ({ file, offset: statSync(file, { throwIfNoEntry: false })?.size ?? 0 });

/**
 * The reason why a service cannot start, when its log names a lasting one, so that the person at the terminal reads it here
 * and not after a long wait.
 */
export function lastingProblem({ file, offset }: LogPosition): CodedError | undefined {
  for (const line of tail(file, offset).split('\n').reverse()) {
    const code = codeIn(line);
    if (code !== undefined && LASTING.includes(code)) return new CodedError(code, { log: file });
  }
  return undefined;
}

/** Logs are JSON lines with the code under `code`, `error_code` or `err.code`. */
function codeIn(line: string): ErrorCode | undefined {
  try {
    const entry = JSON.parse(line) as { code?: unknown; error_code?: unknown; err?: { code?: unknown } };
    const code = entry.code ?? entry.error_code ?? entry.err?.code;
    return typeof code === 'string' && isErrorCode(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

function tail(file: string, offset: number): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(descriptor);
    const from = Math.max(offset, size - TAIL_BYTES);
    const bytes = Buffer.alloc(Math.max(0, size - from));
    readSync(descriptor, bytes, 0, bytes.length, from);
    return bytes.toString('utf8');
  } finally {
    closeSync(descriptor);
  }
}
