import { accept, isCodedError, refuse, type Refusal, type Verdict } from '@tidegate/contract-errors';
import { holdActivation, type ActivationHold } from '@tidegate/domain-version-policy';
import { activate } from './activate.ts';
import { expiry } from './attempt-age.ts';
import { attemptMoves, type AttemptMoves } from './attempt-moves.ts';
import { endBeforeActivation } from './conclude.ts';
import type { EngineParts } from './engine-parts.ts';
import type { Ledger } from './ledger.ts';
import type { AttemptRecord } from './node-state.ts';
import type { UnpackProgress } from './ports/artefact-unpacker.ts';
import { prepare } from './prepare.ts';

const LOOK_AGAIN_MS = 5_000;

const CANCELLED = refuse('upgrade_cancelled');

/** Carries the accepted attempt to the swap, one at a time, or ends it; a staged one may have to wait on the way. */
export interface AttemptRunner {
  /** From wherever the attempt stands; nothing happens while it is on its way already. */
  start(): void;
  /** Whether it could still be ended: an activation that has begun does not listen. */
  cancel(): Promise<boolean>;
  /** Lets a running attempt be resumed by the next start. */
  stop(): Promise<void>;
  progress(): UnpackProgress | null;
}

export const isWaiting = (attempt: AttemptRecord): boolean => attempt.state === 'staged' && attempt.waitsFor !== null;

export function createAttemptRunner(ledger: Ledger, parts: EngineParts): AttemptRunner {
  let progress: UnpackProgress | null = null;
  let abort = new AbortController();
  let underWay = false;
  let running: Promise<void> = Promise.resolve();
  let stopLooking = (): void => undefined;

  const run = async (): Promise<void> => {
    abort = new AbortController();
    progress = null;
    try {
      const result = await carry(parts, attemptMoves(ledger, parts), abort.signal, (now) => (progress = now));
      if (!result.ok) return await giveUp(result);
      return result.value === 'activated' ? parts.restart() : await wait(result.value);
    } catch (error) {
      await giveUp(refusalOf(error));
    }
  };

  const wait = async (hold: ActivationHold): Promise<void> => {
    await ledger.change((state) => (state.attempt ? { ...state, attempt: { ...state.attempt, waitsFor: hold } } : state));
    stopLooking = parts.clock.every(LOOK_AGAIN_MS, lookAgain);
  };

  const lookAgain = (): void => {
    const { attempt } = ledger.state();
    if (!attempt || !isWaiting(attempt)) return stopLooking();
    const hold = holdOf(parts, attempt);
    if (!hold || expiry(attempt, hold, parts.clock)) launch(run);
  };

  const giveUp = async (refusal: Refusal): Promise<void> => {
    if (abort.signal.reason === 'stopping') return;
    stopLooking();
    const end = abort.signal.reason === 'cancelled' ? CANCELLED : refusal;
    if (!(await couldEnd(ledger, parts, end))) stopLooking = parts.clock.every(LOOK_AGAIN_MS, () => launch(() => giveUp(end)));
  };

  const launch = (act: () => Promise<void>): void => {
    if (underWay) return;
    underWay = true;
    stopLooking();
    running = act()
      .catch((error: unknown) => parts.log('attempt could not be ended', { error: nameOf(error) }))
      .finally(() => (underWay = false));
  };

  return {
    progress: () => progress,
    start: () => launch(run),
    async cancel() {
      abort.abort('cancelled');
      await running;
      const { attempt } = ledger.state();
      if (attempt && isWaiting(attempt)) launch(() => giveUp(CANCELLED));
      await running;
      return ledger.state().attempt === null;
    },
    stop() {
      stopLooking();
      abort.abort('stopping');
      return running;
    },
  };
}

/** A full disk cannot even take a failure down: the attempt stays until it can, and is never forgotten. */
async function couldEnd(ledger: Ledger, parts: EngineParts, end: Refusal): Promise<boolean> {
  try {
    await endBeforeActivation(ledger, parts, end);
    return true;
  } catch (error) {
    parts.log('attempt could not be ended yet', { code: end.code, error: nameOf(error) });
    return false;
  }
}

/** Up to the swap, or to what it has to wait for. */
async function carry(
  parts: EngineParts,
  moves: AttemptMoves,
  signal: AbortSignal,
  onProgress: (progress: UnpackProgress) => void,
): Promise<Verdict<'activated' | ActivationHold>> {
  const prepared = moves.attempt().state === 'staged' ? accept(undefined) : await prepare(parts, moves, signal, onProgress);
  if (!prepared.ok) return prepared;
  const hold = holdOf(parts, moves.attempt());
  const expired = expiry(moves.attempt(), hold, parts.clock);
  if (expired) return expired;
  if (hold) return accept(hold);
  const activated = await activate(parts, moves);
  return activated.ok ? accept('activated') : activated;
}

const holdOf = (parts: EngineParts, attempt: AttemptRecord): ActivationHold | null =>
  holdActivation(parts.policy, attempt.released, parts.clock.now());

const refusalOf = (error: unknown): Refusal =>
  isCodedError(error) ? refuse(error.code, error.details) : refuse('upgrade_storage_error', { error: nameOf(error) });

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
