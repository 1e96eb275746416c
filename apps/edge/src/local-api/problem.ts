import { randomUUID } from 'node:crypto';
import { ERRORS, type ErrorCode, type Refusal } from '@tidegate/contract-errors';

export interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where a code’s outcome does not already say it. Refused by policy: 422. Anything else: 500. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  request_invalid: 400,
  local_token_invalid: 401,
  route_not_found: 404,
  upgrade_release_not_found: 404,
  method_not_allowed: 405,
  upgrade_in_progress: 409,
  upgrade_already_current: 409,
  upgrade_nothing_staged: 409,
  upgrade_no_previous: 409,
  upgrade_not_blocked: 409,
  request_too_large: 413,
  media_type_unsupported: 415,
  local_host_not_allowed: 421,
  upgrade_rate_limited: 429,
  upgrade_network_error: 502,
  upgrade_url_invalid: 502,
  upgrade_timeout: 504,
  upgrade_disk_full: 507,
};

/** A refusal as `application/problem+json` (RFC 9457), with our code, the operator's hint and the details. */
export function problem({ code, details }: Refusal, headers: Readonly<Record<string, string>> = {}): Answer {
  const { meaning, hint } = ERRORS[code];
  const status = STATUS[code] ?? (isPolicy(code) ? 422 : 500);
  const retryAfter = details['retry_after_secs'];
  return {
    status,
    body: { type: `https://tidegate.dev/errors/${code}`, title: meaning, status, code, hint, request_id: randomUUID(), details },
    headers: { ...headers, ...(typeof retryAfter === 'number' && { 'retry-after': String(retryAfter) }) },
  };
}

const isPolicy = (code: ErrorCode): boolean => {
  const entry = ERRORS[code];
  return 'upgrade' in entry && entry.upgrade.outcome === 'refused';
};
