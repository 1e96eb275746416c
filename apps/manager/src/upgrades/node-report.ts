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
    case 'upgrade_staged_manual':
      return { kind: 'moved', state: 'staged', attemptId };
    case 'upgrade_completed':
      return { kind: 'ended', state: 'committed', errorCode: null, errorDetails: {} };
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

/** A beat shows where an attempt is. It never ends one: the event that does carries the reason and is not lost. */
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
