/**
 * How long ago an attempt was accepted. A node's wall clock may stand at 1980 or 2099, and steps when it is set right; so the
 * boot-time clock counts, over as many boots as the attempt lived through, and the wall clock can only add the time the machine
 * was switched off. Nothing a clock does makes an attempt younger than the time the machine has been on since.
 */
import { refuse, type Refusal } from '@tidegate/contract-errors';
import type { ActivationHold, AttemptAges } from '@tidegate/domain-version-policy';
import type { AttemptRecord, NodeState } from './node-state.ts';
import type { Clock } from './ports/surroundings.ts';

/** No clock that shows an earlier time is right: this program is younger. */
const EARLIEST_RIGHT_MS = Date.parse('2025-01-01T00:00:00Z');

export function ageSecs(attempt: AttemptRecord, clock: Clock): number {
  if (attempt.acceptedBootId === clock.bootId()) return Math.max(0, clock.uptimeSecs() - attempt.acceptedUptimeSecs);
  return Math.max(onSecs(attempt, clock), offAndOnSecs(attempt, clock));
}

/** A release that nobody applies for so long is not what anybody wants any more; the wire allows commands no longer a life. */
const LONGEST_WAIT_SECS = 30 * 86_400;

/**
 * Why a staged attempt may not be activated any more, or null. Past its time to live a manager has given a command up, and its
 * operator may have decided otherwise since: nothing of it may happen then. A person on the node who said go, or is still to
 * be asked, decides anew.
 */
export function expiry(attempt: AttemptRecord, hold: ActivationHold | null, clock: Clock): Refusal | null {
  const age = ageSecs(attempt, clock);
  const byCommand = attempt.commandId !== null && !attempt.released && hold !== 'person';
  const limitSecs = byCommand ? attempt.ttlSecs : LONGEST_WAIT_SECS;
  if (age <= limitSecs) return null;
  return refuse('upgrade_command_expired', { waited_for: hold ?? attempt.waitsFor, limit_secs: limitSecs });
}

/** Refused attempts do not count: a refusal costs nothing and must not lock out the right request that follows. */
export const attemptAges = (state: NodeState, clock: Clock): AttemptAges =>
  state.history.filter((attempt) => attempt.state !== 'refused').map((attempt) => ageSecs(attempt, clock));

/** What is known of the time the machine was on: up to the last step in each earlier boot, and all of this one. */
function onSecs(attempt: AttemptRecord, clock: Clock): number {
  const lastIn = new Map<string, number>([[attempt.acceptedBootId, attempt.acceptedUptimeSecs]]);
  for (const step of attempt.steps) if (step.bootId !== '') lastIn.set(step.bootId, step.uptimeSecs);
  lastIn.set(clock.bootId(), clock.uptimeSecs());
  const sum = [...lastIn.values()].reduce((total, secs) => total + secs, 0);
  return Math.max(0, sum - attempt.acceptedUptimeSecs);
}

function offAndOnSecs(attempt: AttemptRecord, clock: Clock): number {
  const accepted = Date.parse(attempt.acceptedAt);
  return accepted < EARLIEST_RIGHT_MS ? 0 : (clock.now().getTime() - accepted) / 1000;
}
