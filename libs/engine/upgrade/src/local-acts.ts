/** What a person on the node can ask for, without a manager. Takes turns with commands: the engine sees to that. */
import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import type { Channel, ReleaseVersion } from '@tidegate/contract-manifest';
import type { AttemptId } from '@tidegate/contract-protocol';
import { isBeforeActivation } from '@tidegate/domain-attempt';
import { isWaiting, type AttemptRunner } from './attempt-runner.ts';
import type { EngineParts } from './engine-parts.ts';
import type { Ledger } from './ledger.ts';
import { requestOfPrevious, takeRequest } from './take-request.ts';

export interface LocalRequest {
  readonly version: ReleaseVersion;
  readonly channel: Channel;
  readonly retrySkipped?: boolean;
}

/** How long an interrupted local request is resumed; the person may be gone for the day. */
const LOCAL_TTL_SECS = 86_400;

export async function requestLocally(
  ledger: Ledger,
  parts: EngineParts,
  runner: AttemptRunner,
  request: LocalRequest,
): Promise<Verdict<AttemptId>> {
  const { version, channel, retrySkipped = false } = request;
  const asker = { command: null, ttlSecs: LOCAL_TTL_SECS, released: false };
  const verdict = await takeRequest(ledger, parts, { version, channel, expectedDigest: null, retrySkipped }, asker);
  if (verdict.ok) runner.start();
  return verdict;
}

export async function applyStaged(ledger: Ledger, runner: AttemptRunner): Promise<Verdict<AttemptId>> {
  const attempt = ledger.state().attempt;
  if (!attempt || !isWaiting(attempt))
    return refuse('upgrade_nothing_staged', attempt ? { attempt_id: attempt.id, state: attempt.state } : {});
  await ledger.change((state) => (state.attempt ? { ...state, attempt: { ...state.attempt, released: true } } : state));
  runner.start();
  return accept(attempt.id);
}

/** Released: whoever stands at the node and wants back does not want to be asked again. */
export async function returnToPrevious(ledger: Ledger, parts: EngineParts, runner: AttemptRunner): Promise<Verdict<AttemptId>> {
  const request = await requestOfPrevious(parts);
  if (!request.ok) return request;
  const verdict = await takeRequest(ledger, parts, request.value, { command: null, ttlSecs: LOCAL_TTL_SECS, released: true });
  if (verdict.ok) runner.start();
  return verdict;
}

export async function cancelLocally(ledger: Ledger, runner: AttemptRunner): Promise<Verdict<AttemptId>> {
  const attempt = ledger.state().attempt;
  if (!attempt || !isBeforeActivation(attempt.state)) return refuse('upgrade_not_cancellable', attempt ? { attempt_id: attempt.id } : {});
  return (await runner.cancel()) ? accept(attempt.id) : refuse('upgrade_not_cancellable', { attempt_id: attempt.id });
}

/** Only a person on the node clears the skip list for good; a manager has its two retries. */
export async function unblock(ledger: Ledger, parts: Pick<EngineParts, 'log'>, version: ReleaseVersion): Promise<Verdict<void>> {
  const blocked = ledger.state().skipList.filter((one) => one.version === version);
  if (blocked.length === 0) return refuse('upgrade_not_blocked', { version });
  await ledger.change((state) => ({ ...state, skipList: state.skipList.filter((one) => one.version !== version) }));
  parts.log('unblocked', { version, digests: blocked.map((one) => one.digest) });
  return accept(undefined);
}
