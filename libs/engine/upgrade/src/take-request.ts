/** What a request becomes: an attempt, or a coded refusal. A command's answer is remembered, so that a repeated one gets the same. */
import { accept, refuse, type Refusal, type Verdict } from '@tidegate/contract-errors';
import { parseManifest } from '@tidegate/contract-manifest';
import type { AttemptId, Command, CommandAck } from '@tidegate/contract-protocol';
import { gateRequest, type AttemptKind, type UpgradePolicy, type UpgradeRequest } from '@tidegate/domain-version-policy';
import { attemptAges } from './attempt-age.ts';
import { archive, eventOf, nextSteps, remember, stepOf, withError } from './attempt-log.ts';
import type { EngineParts } from './engine-parts.ts';
import type { Ledger } from './ledger.ts';
import { memoryOf } from './node-memory.ts';
import { HISTORY_LENGTH, type AttemptRecord, type NodeState } from './node-state.ts';

type UpgradeAction = Extract<Command['action'], { kind: 'upgrade_binary' | 'return_to_previous' }>;

/** Who asked. A person on the node has no command to be remembered, and may have said go already. */
interface Asker {
  readonly command: Command | null;
  readonly ttlSecs: number;
  readonly released: boolean;
}

export async function takeUpgrade(ledger: Ledger, parts: EngineParts, command: Command, action: UpgradeAction): Promise<CommandAck> {
  const request = await requestOf(parts, action);
  // Not remembered: nothing was done, and nothing of it goes into the history.
  if (!request.ok) return refusalAck(command, request);
  return ackOf(command, await takeRequest(ledger, parts, request.value, { command, ttlSecs: command.ttl_secs, released: false }));
}

async function requestOf(parts: EngineParts, action: UpgradeAction): Promise<Verdict<UpgradeRequest>> {
  if (action.kind === 'upgrade_binary') {
    const { version, channel, expected_manifest_sha256: expectedDigest = null, retry_skipped: retrySkipped = false } = action;
    return accept({ version, channel, expectedDigest, retrySkipped });
  }
  const request = await requestOfPrevious(parts);
  // Between the click and now the guard may have committed another version: that one was not meant.
  if (request.ok && request.value.version !== action.version) return refuse('upgrade_no_previous', { version: action.version });
  return request;
}

/** Pinned to what lies on the disk. */
export async function requestOfPrevious(parts: EngineParts): Promise<Verdict<UpgradeRequest>> {
  const { previous } = await parts.slots.links();
  const statement = previous ? await parts.slots.readStatement(previous) : null;
  const manifest = statement ? parseManifest(statement.manifestBytes) : null;
  if (!previous || !statement || !manifest?.ok) return refuse('upgrade_no_previous', previous ? { version: previous } : {});
  return accept({ version: previous, channel: manifest.value.channel, expectedDigest: statement.digest, retrySkipped: false });
}

export async function takeRequest(ledger: Ledger, parts: EngineParts, request: UpgradeRequest, asker: Asker): Promise<Verdict<AttemptId>> {
  const decision = await decide(ledger, parts, request);
  const attempt = newAttempt(parts, request, asker, decision.ok ? decision.value : 'upgrade');
  const remembering = (state: NodeState, verdict: Verdict<AttemptId>): NodeState =>
    asker.command ? remember(state, asker.command, ackOf(asker.command, verdict)) : state;
  if (!decision.ok) {
    const ended = endRefused(attempt, decision, parts);
    // Straight into the history: the running attempt, if any, is not touched.
    await ledger.change((state) => ({
      ...remembering({ ...archive(state, ended), attempt: state.attempt }, decision),
      outbox: [...state.outbox, eventOf('upgrade_refused', ended, parts.self)],
    }));
    return decision;
  }
  const verdict = accept(attempt.id);
  const extra = { kind: attempt.kind, ...(attempt.retrySkipped && { retry_skipped: true }) };
  await ledger.change((state) => ({
    ...remembering(state, verdict),
    attempt,
    outbox: [...state.outbox, eventOf('upgrade_started', attempt, parts.self, extra)],
  }));
  return verdict;
}

async function decide(ledger: Ledger, parts: EngineParts, request: UpgradeRequest): Promise<Verdict<AttemptKind>> {
  const state = ledger.state();
  if (state.attempt) return refuse('upgrade_in_progress', { attempt_id: state.attempt.id, to_version: state.attempt.toVersion });
  if ((await parts.slots.guardVersion()) === null) return refuse('guard_missing');
  const links = await parts.slots.links();
  // The guard mends both before every start: where they are broken it does not watch.
  if (links.committed === null || links.current === null)
    return refuse('guard_missing', { reason: 'current or committed names no version' });
  // A trial that this state knows nothing of (a lost state file) is still a trial: the guard has not spoken.
  if (links.current !== links.committed) return refuse('upgrade_in_progress', { to_version: links.current });
  return gateRequest(request, countable(parts.policy), await memoryOf(state, links, parts), attemptAges(state, parts.clock));
}

/** Attempts are counted in the history: a limit beyond its length would be none. */
const countable = (policy: UpgradePolicy): UpgradePolicy => ({
  ...policy,
  maxAttemptsPerDay: Math.min(policy.maxAttemptsPerDay, HISTORY_LENGTH - 1),
});

function newAttempt(parts: EngineParts, request: UpgradeRequest, asker: Asker, kind: AttemptKind): AttemptRecord {
  const accepted = stepOf('accepted', parts.clock);
  return {
    id: parts.newAttemptId(),
    commandId: asker.command?.id ?? null,
    kind,
    state: 'accepted',
    fromVersion: parts.self.agentVersion,
    toVersion: request.version,
    channel: request.channel,
    expectedDigest: request.expectedDigest,
    retrySkipped: request.retrySkipped,
    digest: null,
    signer: null,
    acceptedAt: accepted.at,
    acceptedBootId: accepted.bootId,
    acceptedUptimeSecs: accepted.uptimeSecs,
    ttlSecs: asker.ttlSecs,
    steps: [accepted],
    retryCounted: false,
    baseline: [],
    migrationsDone: [],
    note: null,
    waitsFor: null,
    released: asker.released,
    errorCode: null,
    errorDetails: {},
    finishedAt: null,
  };
}

function endRefused(attempt: AttemptRecord, refusal: Refusal, parts: EngineParts): AttemptRecord {
  const refused = stepOf('refused', parts.clock);
  const ended: AttemptRecord = { ...attempt, state: 'refused', steps: nextSteps(attempt.steps, refused), finishedAt: refused.at };
  return withError(ended, refusal.code, refusal.details);
}

const ackOf = (command: Command, verdict: Verdict<AttemptId>): CommandAck =>
  verdict.ok ? { type: 'command_ack', id: command.id, accepted: true, attempt_id: verdict.value } : refusalAck(command, verdict);

export const refusalAck = ({ id }: Command, refusal: Refusal): CommandAck => ({
  type: 'command_ack',
  id,
  accepted: false,
  error_code: refusal.code,
  details: flat(refusal.details),
});

const flat = (details: Refusal['details']) =>
  Object.fromEntries(
    Object.entries(details).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.join(', ') : (value as string | number | boolean | null),
    ]),
  );
