import { ERRORS, isErrorCode, type ErrorCode } from '@tidegate/contract-errors';

/**
 * What the program's exit code says, the same for every command; scripts branch on these and on the code of the refusal, never on text.
 * 130 is what a shell expects of a program that Ctrl-C ended.
 */
export const EXIT = {
  done: 0,
  refused: 1,
  usage: 2,
  not_signed_in: 3,
  not_found: 4,
  conflict: 5,
  unavailable: 6,
  timeout: 7,
  not_allowed: 8,
  interrupted: 130,
} as const;
export type ExitName = keyof typeof EXIT;

export const EXIT_MEANINGS: Readonly<Record<ExitName, string>> = {
  done: 'done; for `--watch` and `upgrade watch`: committed',
  refused: 'refused or failed, also an upgrade that did not end committed and an audit trail with findings',
  usage: 'the command line is wrong, or the manager finds a value invalid',
  not_signed_in: 'no context, not signed in, or the credential is not accepted any more',
  not_found: 'there is no such object, or it is out of reach',
  conflict: 'the object is in another state, or somebody changed it in between',
  unavailable: 'the manager does not answer, or asks to come back later',
  timeout: 'what was waited for did not happen in time',
  not_allowed: 'signed in, and not allowed to do this',
  interrupted: 'ended by Ctrl-C',
};

/** A refusal of the manager by its HTTP status: what a script can do about it, not whose fault it is. */
export function exitOfStatus(status: number): ExitName {
  if (status === 400 || status === 422 || status === 413 || status === 415) return 'usage';
  if (status === 401) return 'not_signed_in';
  if (status === 403) return 'not_allowed';
  if (status === 404 || status === 410) return 'not_found';
  if (status === 408) return 'timeout';
  if (status === 409 || status === 412 || status === 428) return 'conflict';
  if (status === 429 || status >= 502) return 'unavailable';
  return 'refused';
}

export interface EndingParts {
  /** Of the registry, or of a manager that is newer than this program. */
  readonly code: string;
  readonly meaning: string;
  readonly hint: string;
  readonly requestId?: string;
  /** Single values that the code is about, such as the field that is wrong. */
  readonly facts?: readonly string[];
}

/** Ends the program: which exit code, and what is said on stderr. */
export class Ending extends Error {
  override readonly name = 'Ending';
  readonly exit: ExitName;
  readonly parts: EndingParts;

  constructor(exit: ExitName, parts: EndingParts) {
    super(parts.meaning);
    [this.exit, this.parts] = [exit, parts];
  }
}

/** An ending with a code of the registry in its own words, or with closer ones. */
export function ending(exit: ExitName, code: ErrorCode, closer: { meaning?: string; hint?: string } = {}): Ending {
  const { meaning, hint } = ERRORS[code];
  return new Ending(exit, { code, meaning: closer.meaning ?? meaning, hint: closer.hint ?? hint });
}

export const badUsage = (meaning: string, hint = 'See the same command with --help.'): Ending =>
  new Ending('usage', { code: 'request_invalid', meaning, hint });

/** The words of the registry where it knows the code: a proxy cannot put others into the manager's mouth. */
export const wordsOf = (code: string, title: string, hint: string): { meaning: string; hint: string } =>
  isErrorCode(code) ? { meaning: ERRORS[code].meaning, hint: ERRORS[code].hint } : { meaning: title, hint };
