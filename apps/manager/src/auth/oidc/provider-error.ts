import { CodedError, isCodedError, type ErrorCode } from '@tidegate/contract-errors';
import { AuthorizationResponseError, ClientError, ResponseBodyError, WWWAuthenticateChallengeError } from 'openid-client';

/** Codes of RFC 6749 and of the client library: letters and underscores, so that nothing else gets into logs and records. */
const named = (code: unknown): string => (typeof code === 'string' && /^[A-Za-z_]{1,60}$/.test(code) ? code : 'unknown');

const AWAY = new Set(['OAUTH_TIMEOUT', 'OAUTH_ABORT']);
/** An answer with another status than the protocol has: the provider, or something in between, is not well. */
const NOT_WELL = new Set(['OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR']);

/**
 * What went wrong between us and the provider, as one of our codes. Nothing of an answer is in the details: it may hold a token.
 * A bug of ours stays a throw.
 */
export function asProviderError(error: unknown, host: string): CodedError {
  const coded = codedCause(error);
  if (coded) return fromTransport(coded, host);
  if (error instanceof AuthorizationResponseError) return new CodedError('oidc_denied', { error: named(error.error) });
  if (error instanceof ResponseBodyError) {
    const gone = error.status >= 500;
    return new CodedError(gone ? 'oidc_unavailable' : 'oidc_response_invalid', { host, error: named(error.error) }, { cause: error });
  }
  // Our secret is not the one it has, or the token it just gave is not good for its own answer about the person.
  if (error instanceof WWWAuthenticateChallengeError)
    return new CodedError('oidc_response_invalid', { host, rule: 'refused' }, { cause: error });
  if (error instanceof ClientError) return new CodedError(codeOf(error), { host, rule: named(error.code) }, { cause: error });
  throw error;
}

const codeOf = ({ code }: ClientError): ErrorCode =>
  code !== undefined && (AWAY.has(code) || NOT_WELL.has(code)) ? 'oidc_unavailable' : 'oidc_response_invalid';

/** The library wraps what our transport throws. */
function codedCause(error: unknown): CodedError | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) if (isCodedError(at)) return at;
  return null;
}

/** The transport speaks of upgrades, because nodes use it too. */
function fromTransport(error: CodedError, host: string): CodedError {
  if (error.code.startsWith('oidc_')) return error;
  const rule = error.details['rule'] ?? error.details['error'] ?? 'deadline';
  return new CodedError('oidc_unavailable', { host, rule }, { cause: error });
}
