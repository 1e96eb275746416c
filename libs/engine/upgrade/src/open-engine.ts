/**
 * What a start does, in its order: data back, state read, the past settled. A disk that takes no writes must not keep the
 * committed version from running: then the settling is tried again until it works, and until then nothing new is begun.
 */
import { isCodedError, refuse, type Refusal } from '@tidegate/contract-errors';
import { EVENTS } from '@tidegate/contract-events';
import { createAttemptRunner, type AttemptRunner } from './attempt-runner.ts';
import { createCommandBrake } from './command-brake.ts';
import { watchCommitted } from './committed-check.ts';
import type { EngineParts } from './engine-parts.ts';
import { giveBack } from './give-back.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { firstState } from './node-memory.ts';
import type { NodeState } from './node-state.ts';
import { reconcile } from './recover.ts';
import { openTrial, type Trial } from './trial.ts';
import { watchVerdict } from './verdict-watch.ts';

const TRY_AGAIN_MS = 5_000;

/** What there is once the state was read. */
export interface Opened {
  readonly ledger: Ledger;
  readonly runner: AttemptRunner;
  readonly brake: ReturnType<typeof createCommandBrake>;
  readonly trial: () => Trial | null;
  /** What a start without an attempt has to write down and to clear away: nobody waits for it but whoever asks for more. */
  readonly settled: Promise<void>;
  /** Why nothing new can be begun yet; null when the past is settled. */
  readonly unsettled: () => Refusal | null;
  readonly stop: () => Promise<void>;
}

/** Throws what forbids this version to serve: a failed migration, or a candidate's disk that takes no writes. */
export async function openEngine(parts: EngineParts, calm: Promise<unknown> = Promise.resolve()): Promise<Opened> {
  await giveBack(parts);
  const ledger = openLedger(await readState(parts), parts.stateStore, parts.events);
  const runner = createAttemptRunner(ledger, parts);
  const stops: (() => unknown)[] = [watchCommitted(ledger, parts)];
  let trial: Trial | null = null;
  let unsettled: Refusal | null = null;

  const settle = async (): Promise<void> => {
    const next = await reconcile(ledger, parts);
    const { attempt } = ledger.state();
    if (attempt?.state === 'trial') trial = openTrial(parts, attempt);
    if (next === 'resume') runner.start();
    if (next === 'watch') stops.push(watchVerdict(ledger, parts, () => trial?.stop()));
  };

  const isFree = ledger.state().attempt === null;
  const settled = (isFree ? calm.then(settle) : settle()).catch(async (error: unknown) => {
    if (!isCodedError(error) || (await isCandidate(ledger, parts))) throw error;
    unsettled = refuse(error.code, error.details);
    parts.log('recovery postponed', { code: error.code, ...error.details });
    stops.push(untilDone(parts, settle, () => (unsettled = null)));
  });
  if (!isFree) await settled;
  return {
    ledger,
    settled,
    runner,
    brake: createCommandBrake(parts.clock),
    trial: () => trial,
    unsettled: () => unsettled,
    async stop() {
      await settled;
      trial?.stop();
      await Promise.all(stops.map((stop) => stop()));
      await runner.stop();
      // A write that the end of the process cuts leaves its temporary file behind.
      await ledger.flush();
    },
  };
}

/** A state that cannot be read counts as lost: the node goes on with what the committed release itself says. */
async function readState(parts: EngineParts): Promise<NodeState> {
  const loaded = await parts.stateStore.load().catch((error: unknown) => {
    if (!isCodedError(error)) throw error;
    return { state: null, quarantined: 'state.json' };
  });
  const state = loaded.state ?? (await firstState(parts.slots));
  if (!loaded.quarantined) return state;
  const event = { name: 'state_corrupt' as const, severity: EVENTS.state_corrupt.severity, details: { set_aside: loaded.quarantined } };
  return { ...state, outbox: [...state.outbox, event] };
}

/** On trial and not committed: what it cannot write down it cannot prove, and the guard has a version that can. */
async function isCandidate(ledger: Ledger, parts: EngineParts): Promise<boolean> {
  const { attempt } = ledger.state();
  if (attempt?.toVersion !== parts.self.agentVersion) return false;
  return (await parts.slots.links()).committed !== parts.self.agentVersion;
}

function untilDone(parts: EngineParts, act: () => Promise<void>, done: () => void): () => void {
  let busy = false;
  const stop = parts.clock.every(TRY_AGAIN_MS, () => {
    if (busy) return;
    busy = true;
    void act()
      .then(() => {
        stop();
        done();
        parts.log('recovery done');
      })
      .catch((error: unknown) => parts.log('recovery postponed', { error: error instanceof Error ? error.name : typeof error }))
      .finally(() => (busy = false));
  });
  return stop;
}
