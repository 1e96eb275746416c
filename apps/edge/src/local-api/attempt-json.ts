import { ERRORS, isErrorCode } from '@tidegate/contract-errors';
import type { AttemptReport } from '@tidegate/contract-protocol';
import type { AttemptRecord } from '@tidegate/engine-upgrade';

/** An attempt as the local API and `-o json` show it: times in ISO 8601, lengths in seconds of the boot-time clock. */
export function attemptJson(attempt: AttemptRecord, report: AttemptReport | null = null) {
  const code = attempt.errorCode;
  return {
    id: attempt.id,
    command_id: attempt.commandId,
    kind: attempt.kind,
    state: attempt.state,
    waits_for: attempt.waitsFor,
    from_version: attempt.fromVersion,
    to_version: attempt.toVersion,
    channel: attempt.channel,
    manifest_sha256: attempt.digest,
    signer: attempt.signer,
    accepted_at: attempt.acceptedAt,
    finished_at: attempt.finishedAt,
    ...(report?.id === attempt.id && report.received_bytes !== undefined
      ? { received_bytes: report.received_bytes, total_bytes: report.total_bytes }
      : {}),
    error:
      code === null
        ? null
        : { code, ...(isErrorCode(code) && { meaning: ERRORS[code].meaning, hint: ERRORS[code].hint }), details: attempt.errorDetails },
    steps: attempt.steps.map(({ state, at, tookSecs }) => ({ state, at, took_secs: tookSecs })),
  };
}
export type AttemptJson = ReturnType<typeof attemptJson>;
