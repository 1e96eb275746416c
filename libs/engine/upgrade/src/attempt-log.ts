import type { ErrorCode, ErrorDetails } from '@tidegate/contract-errors';
import { ERRORS } from '@tidegate/contract-errors';
import { EVENTS, isTerminal, type AttemptState, type EventName } from '@tidegate/contract-events';
import type { AttemptReport, Command, CommandAck } from '@tidegate/contract-protocol';
import { step, type AttemptInput } from '@tidegate/domain-attempt';
import type { NodeSelf } from '@tidegate/domain-version-policy';
import { EXECUTED_COMMANDS, HISTORY_LENGTH, type AttemptRecord, type NodeState } from './node-state.ts';
import type { Clock } from './ports/surroundings.ts';

type PendingEvent = NodeState['outbox'][number];
type Details = PendingEvent['details'];

export const plainDetails = (details: ErrorDetails): Details =>
  Object.fromEntries(
    Object.entries(details).map(([key, value]) => [key, Array.isArray(value) ? [...(value as string[])] : value]),
  ) as Details;

export const eventOf = (
  name: EventName,
  attempt: AttemptRecord,
  self: Pick<NodeSelf, 'arch' | 'variant'>,
  extra: Details = {},
): PendingEvent => {
  const code = attempt.errorCode as ErrorCode | null;
  return {
    name,
    severity: code && name !== 'upgrade_completed' ? ERRORS[code].severity : EVENTS[name].severity,
    details: {
      ...attempt.errorDetails,
      ...extra,
      attempt_id: attempt.id,
      command_id: attempt.commandId,
      from_version: attempt.fromVersion,
      to_version: attempt.toVersion,
      channel: attempt.channel,
      arch: self.arch,
      variant: self.variant,
      ...(code ? { error_code: code } : {}),
      ...(attempt.digest ? { manifest_sha256: attempt.digest } : {}),
    },
  };
};

/** The next record, or a thrown bug: the engine only feeds inputs the table allows. */
export function advance(attempt: AttemptRecord, input: AttemptInput, clock: Clock): AttemptRecord {
  const result = step(attempt.state, input);
  if (!result.legal) throw new Error(`attempt in ${attempt.state} does not take ${input}`);
  const begun = stepOf(result.next, clock);
  return { ...attempt, state: result.next, steps: nextSteps(attempt.steps, begun), finishedAt: isTerminal(result.next) ? begun.at : null };
}

type Step = AttemptRecord['steps'][number];

export const stepOf = (state: AttemptState, clock: Clock): Step => ({
  state,
  at: clock.now().toISOString(),
  uptimeSecs: clock.uptimeSecs(),
  bootId: clock.bootId(),
  tookSecs: null,
});

/** The boot-time clock alone times a step: one that a reboot fell into has no length. */
export function nextSteps(steps: readonly Step[], begun: Step): Step[] {
  const last = steps.at(-1);
  if (!last) return [begun];
  const tookSecs = last.bootId === begun.bootId ? Math.round((begun.uptimeSecs - last.uptimeSecs) * 1000) / 1000 : null;
  return [...steps.slice(0, -1), { ...last, tookSecs }, begun];
}

export const withError = (attempt: AttemptRecord, code: ErrorCode, details: ErrorDetails): AttemptRecord => ({
  ...attempt,
  errorCode: code,
  errorDetails: plainDetails(details),
});

/** Moves an ended attempt into the history. */
export const archive = (state: NodeState, attempt: AttemptRecord): NodeState => ({
  ...state,
  attempt: null,
  history: withinLength([attempt, ...state.history]),
});

/**
 * When there are too many, the oldest refusal goes first, but never the newest record. The rate of attempts is counted from the
 * history: fifty commands that were bound to be refused once hid the attempt before them, and so lifted the limit.
 */
function withinLength(history: AttemptRecord[]): AttemptRecord[] {
  if (history.length <= HISTORY_LENGTH) return history;
  const refusal = history.findLastIndex((one) => one.state === 'refused');
  return history.toSpliced(refusal > 0 ? refusal : -1, 1);
}

export const remember = (state: NodeState, command: Pick<Command, 'id'>, ack: CommandAck): NodeState => ({
  ...state,
  executedCommands: [{ id: command.id, ack }, ...state.executedCommands.filter((one) => one.id !== command.id)].slice(0, EXECUTED_COMMANDS),
});

export const reportOf = (attempt: AttemptRecord, progress: { receivedBytes: number; totalBytes: number } | null): AttemptReport => ({
  id: attempt.id,
  command_id: attempt.commandId,
  kind: attempt.kind,
  state: attempt.state satisfies AttemptState,
  from_version: attempt.fromVersion,
  to_version: attempt.toVersion,
  ...(attempt.state === 'fetching' && progress ? { received_bytes: progress.receivedBytes, total_bytes: progress.totalBytes } : {}),
  ...(attempt.errorCode ? { error_code: attempt.errorCode } : {}),
});
