import { isCodedError, refuse, type Refusal } from '@tidegate/contract-errors';
import type { AttemptId, AttemptReport, Command, CommandAck } from '@tidegate/contract-protocol';
import type { ReleaseVersion, Sha256 } from '@tidegate/contract-manifest';
import { isBeforeActivation } from '@tidegate/domain-attempt';
import { activate } from './activate.ts';
import { reportOf } from './attempt-log.ts';
import { attemptMoves } from './attempt-moves.ts';
import { endBeforeActivation } from './conclude.ts';
import type { EngineParts } from './engine-parts.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { firstState } from './node-memory.ts';
import type { AttemptRecord } from './node-state.ts';
import type { UnpackProgress } from './ports/artefact-unpacker.ts';
import type { Testimony } from './ports/slot-store.ts';
import { prepare } from './prepare.ts';
import { reconcile, settleVerdict } from './recover.ts';
import { takeUpgrade } from './take-command.ts';

const VERDICT_POLL_MS = 250;

export interface EngineFacts {
  readonly runningVersion: ReleaseVersion;
  readonly committedVersion: ReleaseVersion | null;
  readonly previousVersion: ReleaseVersion | null;
  readonly manifestSha256: Sha256 | null;
  readonly highestSequence: number;
  readonly versionFloor: ReleaseVersion | null;
}

/** The node's side of upgrades: takes commands, runs one attempt at a time, and finds out how it ended. */
export interface UpgradeEngine {
  /** Once, before the link opens: reads state and verdict, ends or resumes what was running. */
  recover(): Promise<void>;
  /** Durable before it answers; the same command id always gets the same answer. */
  accept(command: Command): Promise<CommandAck>;
  /** The running attempt, or the one that ended last: a lost event is made good by the next beat. */
  report(): AttemptReport | null;
  trial(): { readonly attempt: AttemptId } | null;
  /** What the candidate says of itself; nothing happens without a trial. */
  testify(testimony: Omit<Testimony, 'attempt'>): Promise<void>;
  facts(): Promise<EngineFacts>;
  history(): readonly AttemptRecord[];
  /** Lets a running attempt be resumed by the next start. */
  stop(): Promise<void>;
}

export function createUpgradeEngine(parts: EngineParts): UpgradeEngine {
  let ledger: Ledger | undefined;
  let progress: UnpackProgress | null = null;
  let abort = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let turn: Promise<unknown> = Promise.resolve();
  let stopWatching = (): void => undefined;

  const opened = (): Ledger => {
    if (!ledger) throw new Error('recover() comes first');
    return ledger;
  };

  /** From wherever the attempt stands to the swap; ends it when something refuses or fails on the way. */
  const run = async (): Promise<void> => {
    const { signal } = abort;
    const moves = attemptMoves(opened(), parts);
    try {
      const prepared = moves.attempt().state === 'staged' || (await prepare(parts, moves, signal, (now) => (progress = now)));
      const result = prepared === true || prepared.ok ? await activate(parts, moves) : prepared;
      if (result.ok) return parts.restart();
      await giveUp(result);
    } catch (error) {
      await giveUp(isCodedError(error) ? refuse(error.code, error.details) : refuse('upgrade_storage_error', { error: nameOf(error) }));
    }
  };

  const giveUp = async (refusal: Refusal): Promise<void> => {
    if (abort.signal.reason === 'stopping') return;
    const cancelled = abort.signal.reason === 'cancelled';
    await endBeforeActivation(opened(), parts, cancelled ? refuse('upgrade_cancelled') : refusal);
  };

  const start = (): void => {
    abort = new AbortController();
    progress = null;
    running = run().catch((error: unknown) => parts.log('attempt could not be ended', { error: nameOf(error) }));
  };

  const watchVerdict = (): void => {
    let busy = false;
    stopWatching = parts.clock.every(VERDICT_POLL_MS, () => {
      if (busy) return;
      busy = true;
      void settleVerdict(opened(), parts)
        .then((settled) => settled && stopWatching())
        .catch((error: unknown) => parts.log('verdict could not be taken', { error: nameOf(error) }))
        .finally(() => (busy = false));
    });
  };

  const cancel = async (command: Command, target: string): Promise<CommandAck> => {
    const attempt = opened().state().attempt;
    if (attempt?.commandId !== target || !isBeforeActivation(attempt.state))
      return { type: 'command_ack', id: command.id, accepted: false, error_code: 'upgrade_not_cancellable', details: {} };
    abort.abort('cancelled');
    await running;
    return { type: 'command_ack', id: command.id, accepted: true, attempt_id: attempt.id };
  };

  const take = async (command: Command): Promise<CommandAck> => {
    const known = opened()
      .state()
      .executedCommands.find((one) => one.id === command.id);
    if (known) return known.ack;
    if (command.action.kind === 'cancel') return cancel(command, command.action.command_id);
    const ack = await takeUpgrade(opened(), parts, command, command.action);
    if (ack.accepted) start();
    return ack;
  };

  return {
    async recover() {
      const loaded = await parts.stateStore.load();
      ledger = openLedger(loaded.state ?? (await firstState(parts.slots)), parts.stateStore, parts.events);
      const next = await reconcile(ledger, parts, loaded.quarantined);
      if (next === 'resume') start();
      if (next === 'watch') watchVerdict();
    },
    accept(command) {
      const answer = turn.then(() => take(command));
      turn = answer.catch(() => undefined);
      return answer;
    },
    report() {
      const { attempt, history } = opened().state();
      const newest = attempt ?? history[0];
      return newest ? reportOf(newest, progress) : null;
    },
    trial() {
      const attempt = opened().state().attempt;
      return attempt?.state === 'trial' ? { attempt: attempt.id } : null;
    },
    async testify(testimony) {
      const attempt = opened().state().attempt;
      if (attempt?.state === 'trial') await parts.slots.writeTestimony({ attempt: attempt.id, ...testimony });
    },
    async facts() {
      const links = await parts.slots.links();
      const { highestSequence, floor } = opened().state();
      return {
        runningVersion: parts.self.agentVersion,
        committedVersion: links.committed,
        previousVersion: links.previous,
        manifestSha256: (await parts.slots.readStatement(parts.self.agentVersion))?.digest ?? null,
        highestSequence,
        versionFloor: floor?.version ?? null,
      };
    },
    history: () => opened().state().history,
    async stop() {
      stopWatching();
      if (!abort.signal.aborted) abort.abort('stopping');
      await running;
    },
  };
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
