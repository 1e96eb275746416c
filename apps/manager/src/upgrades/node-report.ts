import type { NodeEvent, TerminalState } from '@tidegate/contract-events';
import { isTerminal } from '@tidegate/contract-events';
import { ERRORS, isUpgradeErrorCode } from '@tidegate/contract-errors';
import { commandId, type AttemptReport, type CommandAck } from '@tidegate/contract-protocol';
import type { UpgradeReport } from './upgrade-life.ts';

/** Said of every upgrade; the rest of an event's details belongs to its error. */
const STANDING_DETAILS = ['attempt_id', 'command_id', 'from_version', 'to_version', 'channel', 'arch', 'variant', 'error_code'];

/** The upgrade an event of a node speaks of; null when it speaks of none of ours. */
export function upgradeIdOf(event: NodeEvent): string | null {
  const parsed = commandId.safeParse(event.details['command_id']);
  return parsed.success ? parsed.data : null;
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** What an event means for its upgrade; null for events that mean nothing for one, also those of newer nodes. */
export function reportOfEvent(event: NodeEvent): UpgradeReport | null {
  const attemptId = text(event.details['attempt_id']);
  switch (event.name) {
    case 'upgrade_started':
      return { kind: 'moved', state: 'accepted', attemptId };
    case 'upgrade_downloaded':
      return { kind: 'moved', state: 'fetching', attemptId };
    case 'upgrade_staged':
      return { kind: 'moved', state: 'staged', attemptId };
    case 'upgrade_staged_manual':
      return { kind: 'moved', state: 'staged', attemptId, waitsFor: 'person' };
    case 'upgrade_completed':
      return committed(text(event.details['manifest_sha256']));
    case 'upgrade_rolled_back':
      return ended('rolled_back', event, 'upgrade_rolled_back');
    case 'upgrade_rollback_failed':
      return ended('rolled_back', event, 'upgrade_rollback_failed');
    case 'upgrade_failed':
      return ended('failed', event, 'internal_error');
    case 'upgrade_refused':
      return ended('refused', event, 'internal_error');
    default:
      return null;
  }
}

function ended(state: TerminalState, event: NodeEvent, fallbackCode: string): UpgradeReport {
  const details = Object.entries(event.details).filter(([key]) => !STANDING_DETAILS.includes(key));
  return { kind: 'ended', state, errorCode: text(event.details['error_code']) ?? fallbackCode, errorDetails: Object.fromEntries(details) };
}

/** Of the manifest of what runs now, where the node says so. */
export const committed = (manifestSha256: string | null): UpgradeReport => ({
  kind: 'ended',
  state: 'committed',
  errorCode: null,
  errorDetails: {},
  manifestSha256,
});

/** For one whose event never came: the spool of a node is finite, and the reason in full was in that event. */
export function reportOfEnded(attempt: AttemptReport): UpgradeReport | null {
  const { state, error_code: errorCode } = attempt;
  if (!isTerminal(state)) return null;
  // A commit is read from what runs, not from what is said of the attempt.
  if (state === 'committed') return null;
  return { kind: 'ended', state, errorCode: errorCode ?? 'internal_error', errorDetails: { attested_by: 'beat' } };
}

/** A beat shows where an attempt is. That it ended is told by its event, which carries the reason. */
export function reportOfBeat(attempt: AttemptReport): UpgradeReport | null {
  if (isTerminal(attempt.state)) return null;
  const progress =
    attempt.received_bytes !== undefined && attempt.total_bytes !== undefined
      ? { received_bytes: attempt.received_bytes, total_bytes: attempt.total_bytes }
      : null;
  return { kind: 'moved', state: attempt.state, progress, attemptId: attempt.id };
}

/** Accepted means received and durable, nothing more. A refusal is final: the node did and will do nothing. */
export function reportOfAck(ack: CommandAck): UpgradeReport {
  if (ack.accepted) return { kind: 'moved', state: 'accepted', attemptId: ack.attempt_id };
  const { error_code: errorCode, details: errorDetails } = ack;
  const outcome = isUpgradeErrorCode(errorCode) ? ERRORS[errorCode].upgrade.outcome : 'refused';
  return { kind: 'ended', state: outcome, errorCode, errorDetails };
}
