/**
 * What a start finds. The state file says how far the attempt came, the links and the guard's verdict say what became of it;
 * where they disagree the disk wins.
 */
import { refuse } from '@tidegate/contract-errors';
import { ageSecs } from './attempt-age.ts';
import { advance } from './attempt-log.ts';
import { isWaiting } from './attempt-runner.ts';
import { conclude, concludeRevert, endBeforeActivation } from './conclude.ts';
import type { EngineParts } from './engine-parts.ts';
import { sweepSnapshots } from './give-back.ts';
import type { Ledger } from './ledger.ts';
import { migrate } from './migrate.ts';
import type { AttemptRecord } from './node-state.ts';

export type NextAct = 'resume' | 'watch' | 'idle';

/** Can run again when a disk error cut it short. */
export async function reconcile(ledger: Ledger, parts: EngineParts): Promise<NextAct> {
  // So that a first or lost state is on the disk, with the events it brings.
  await ledger.change((state) => state);
  const attempt = ledger.state().attempt;
  if (!attempt) {
    await parts.slots.clearStaging();
    await sweepSnapshots(parts);
    return 'idle';
  }
  if (await settleVerdict(ledger, parts)) return 'idle';
  const running = parts.self.agentVersion;
  if (attempt.state === 'trial' || attempt.state === 'activating') return reconcileSwapped(ledger, parts, attempt, running);
  if (attempt.state === 'rolling_back') {
    await concludeRevert(ledger, parts, { reason: 'unknown', starts: 0 });
    return 'idle';
  }
  return resume(ledger, parts, attempt);
}

async function reconcileSwapped(ledger: Ledger, parts: EngineParts, attempt: AttemptRecord, running: string): Promise<NextAct> {
  if (running === attempt.toVersion) {
    if (attempt.state === 'activating')
      await ledger.change((state) => (state.attempt ? { ...state, attempt: advance(state.attempt, 'activated', parts.clock) } : state));
    // A candidate that was taken back and is about to be stopped has no business with the data any more.
    if ((await parts.slots.verdict())?.attempt !== attempt.id) await migrate(ledger, parts);
    return 'watch';
  }
  if (attempt.state === 'trial') {
    // The old version runs and no verdict names this attempt: the guard's record was lost, the revert was not.
    await concludeRevert(ledger, parts, { reason: 'unknown', starts: 0 });
    return 'idle';
  }
  const { current } = await parts.slots.links();
  // Swapped, yet the old version was started all the same (a read-only root): the guard has it in hand.
  if (current === attempt.toVersion) return 'watch';
  return resume(ledger, parts, attempt);
}

/** Interrupted before activation and not expired: goes on; otherwise it ends with a code, never silently. */
async function resume(ledger: Ledger, parts: EngineParts, attempt: AttemptRecord): Promise<NextAct> {
  // What waits for a person or a window was begun in time; how long it may wait is the runner's to say.
  if (!isWaiting(attempt) && ageSecs(attempt, parts.clock) > attempt.ttlSecs) {
    await endBeforeActivation(ledger, parts, refuse('upgrade_interrupted', { state: attempt.state, ttl_secs: attempt.ttlSecs }));
    return 'idle';
  }
  await ledger.change((state) => (state.attempt ? { ...state, attempt: advance(state.attempt, 'interrupt', parts.clock) } : state));
  parts.log('attempt resumed', { attempt: attempt.id, was: attempt.state });
  return 'resume';
}

/** Takes the guard's verdict over, when there is one about the running attempt. */
export async function settleVerdict(ledger: Ledger, parts: EngineParts): Promise<boolean> {
  const attempt = ledger.state().attempt;
  if (!attempt) return true;
  const verdict = await parts.slots.verdict();
  if (verdict?.attempt !== attempt.id) return false;
  const running = parts.self.agentVersion;
  if (verdict.verdict === 'committed' && running === attempt.toVersion) {
    if (attempt.state === 'activating')
      await ledger.change((state) => (state.attempt ? { ...state, attempt: advance(state.attempt, 'activated', parts.clock) } : state));
    await conclude(ledger, parts);
    return true;
  }
  // A reverted candidate that still runs is about to be stopped: what comes next is the old version's to record.
  if (verdict.verdict === 'reverted' && running !== attempt.toVersion) {
    await concludeRevert(ledger, parts, verdict);
    return true;
  }
  return false;
}
