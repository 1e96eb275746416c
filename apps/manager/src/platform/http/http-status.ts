import { isUpgradeErrorCode, type ErrorCode, type UpgradeErrorCode } from '@tidegate/contract-errors';

type OwnCode = Exclude<ErrorCode, UpgradeErrorCode>;

/** Every code a request can be answered with (a test walks the registry); what only lives on a node's disk needs none. */
export const STATUS: Readonly<Partial<Record<OwnCode, number>>> = {
  method_not_allowed: 405,
  request_too_large: 413,
  media_type_unsupported: 415,
  node_not_found: 404,
  node_offline: 409,
  node_revoked: 409,
  upgrade_not_supported: 409,
  upgrade_version_unknown: 422,
  upgrade_not_found: 404,
  upgrade_not_cancellable: 409,
  token_unknown: 403,
  token_expired: 403,
  token_used: 403,
  token_device_type_mismatch: 403,
  public_key_invalid: 400,
  public_key_in_use: 409,
  node_unknown: 403,
  node_key_invalid: 403,
  challenge_stale: 403,
  auth_timeout: 408,
  session_superseded: 409,
  manager_identity_mismatch: 403,
  manager_unavailable: 503,
  protocol_version_unsupported: 400,
  message_malformed: 400,
  message_too_large: 413,
  message_unexpected: 400,
  command_unknown: 400,
  origin_not_allowed: 403,
  request_invalid: 400,
  route_not_found: 404,
  internal_error: 500,
  rate_limited: 429,
  source_unavailable: 502,
  release_source_missing: 404,
  not_signed_in: 401,
  credentials_invalid: 401,
  account_locked: 429,
  csrf_invalid: 403,
  forbidden: 403,
  revision_stale: 412,
  revision_required: 428,
  idempotency_key_reused: 422,
  request_in_progress: 409,
  database_unavailable: 503,
  lease_lost: 503,
  database_user_missing: 503,
  database_binaries_missing: 503,
  database_start_failed: 503,
  database_in_use: 503,
};

const ATTEMPT_STATUS: Partial<Record<UpgradeErrorCode, number>> = { upgrade_in_progress: 409, upgrade_version_invalid: 400 };

/** The one place where a code becomes an HTTP status. */
export const httpStatusOf = (code: ErrorCode): number => (isUpgradeErrorCode(code) ? (ATTEMPT_STATUS[code] ?? 409) : (STATUS[code] ?? 500));
