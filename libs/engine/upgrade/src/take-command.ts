/** What a command becomes: an attempt, or a coded refusal that is remembered, so that a repeated command gets the same answer. */
import { refuse, type Refusal } from '@tidegate/contract-errors';
import type { Command, CommandAck } from '@tidegate/contract-protocol';
import { gateRequest, type AttemptKind, type UpgradeRequest } from '@tidegate/domain-version-policy';
import { archive, eventOf, remember, withError } from './attempt-log.ts';
import type { EngineParts } from './engine-parts.ts';
import type { Ledger } from './ledger.ts';
import { attemptAges, memoryOf } from './node-memory.ts';
import type { AttemptRecord } from './node-state.ts';

type UpgradeAction = Extract<Command['action'], { kind: 'upgrade_binary' }>;

export async function takeUpgrade(ledger: Ledger, parts: EngineParts, command: Command, action: UpgradeAction): Promise<CommandAck> {
  const request: UpgradeRequest = {
    version: action.version,
    channel: action.channel,
    expectedDigest: action.expected_manifest_sha256 ?? null,
    retrySkipped: action.retry_skipped ?? false,
  };
  const decision = await decide(ledger, parts, request);
  const attempt = newAttempt(parts, command, request, decision.ok ? decision.value : 'upgrade');
  if (!decision.ok) return takeRefusal(ledger, parts, command, attempt, decision);
  const ack: CommandAck = { type: 'command_ack', id: command.id, accepted: true, attempt_id: attempt.id };
  await ledger.change((state) => ({
    ...remember(state, command, ack),
    attempt,
    outbox: [...state.outbox, eventOf('upgrade_started', attempt, parts.self)],
  }));
  return ack;
}

async function decide(ledger: Ledger, parts: EngineParts, request: UpgradeRequest) {
  const state = ledger.state();
  if (state.attempt) return refuse('upgrade_in_progress', { attempt_id: state.attempt.id, to_version: state.attempt.toVersion });
  if ((await parts.slots.guardVersion()) === null) return refuse('guard_missing');
  const links = await parts.slots.links();
  // A trial that this state knows nothing of (a lost state file) is still a trial: the guard has not spoken.
  if (links.current !== links.committed) return refuse('upgrade_in_progress', { to_version: links.current });
  return gateRequest(request, parts.policy, await memoryOf(state, links, parts), attemptAges(state, parts.clock));
}

function newAttempt(parts: EngineParts, command: Command, request: UpgradeRequest, kind: AttemptKind): AttemptRecord {
  const at = parts.clock.now().toISOString();
  const uptimeSecs = parts.clock.uptimeSecs();
  return {
    id: parts.newAttemptId(),
    commandId: command.id,
    kind,
    state: 'accepted',
    fromVersion: parts.self.agentVersion,
    toVersion: request.version,
    channel: request.channel,
    expectedDigest: request.expectedDigest,
    retrySkipped: request.retrySkipped,
    digest: null,
    signer: null,
    acceptedAt: at,
    acceptedBootId: parts.clock.bootId(),
    acceptedUptimeSecs: uptimeSecs,
    ttlSecs: command.ttl_secs,
    steps: [{ state: 'accepted', at, uptimeSecs }],
    errorCode: null,
    errorDetails: {},
    finishedAt: null,
  };
}

/** A refused attempt goes straight into the history: the running one, if any, is not touched. */
async function takeRefusal(ledger: Ledger, parts: EngineParts, command: Command, attempt: AttemptRecord, refusal: Refusal): Promise<CommandAck> {
  const at = parts.clock.now().toISOString();
  const steps = [...attempt.steps, { state: 'refused' as const, at, uptimeSecs: parts.clock.uptimeSecs() }];
  const ended = withError({ ...attempt, state: 'refused', steps, finishedAt: at }, refusal.code, refusal.details);
  const ack: CommandAck = { type: 'command_ack', id: command.id, accepted: false, error_code: refusal.code, details: flat(refusal.details) };
  await ledger.change((state) => ({
    ...remember({ ...archive(state, ended), attempt: state.attempt }, command, ack),
    outbox: [...state.outbox, eventOf('upgrade_refused', ended, parts.self)],
  }));
  return ack;
}

const flat = (details: Refusal['details']) =>
  Object.fromEntries(
    Object.entries(details).map(([key, value]) => [key, Array.isArray(value) ? value.join(', ') : (value as string | number | boolean | null)]),
  );
