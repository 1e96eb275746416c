import { isCodedError, refuse, type Refusal, type Verdict } from '@tidegate/contract-errors';
import type { ReleaseVersion, Sha256 } from '@tidegate/contract-manifest';
import type { AttemptId, AttemptReport, Command, CommandAck } from '@tidegate/contract-protocol';
import { isBeforeActivation } from '@tidegate/domain-attempt';
import { reportOf } from './attempt-log.ts';
import type { AttemptRunner } from './attempt-runner.ts';
import { viewOf } from './attempt-view.ts';
import { COMMANDS_PER_MINUTE } from './command-brake.ts';
import type { EngineParts } from './engine-parts.ts';
import type { Ledger } from './ledger.ts';
import { applyStaged, cancelLocally, requestLocally, returnToPrevious, unblock, type LocalRequest } from './local-acts.ts';
import type { AttemptRecord } from './node-state.ts';
import { openEngine, type Opened } from './open-engine.ts';
import type { CheckResult } from './ports/programs.ts';
import { refusalAck, takeUpgrade } from './take-request.ts';
import type { Words } from './trial.ts';

export type { LocalRequest } from './local-acts.ts';

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
  /**
   * Once, before the link opens: reads state and verdict, ends or resumes what was running.
   * What a start without an attempt has to write down waits until `calm`, and requests wait for that.
   */
  recover(calm?: Promise<unknown>): Promise<void>;
  /** Durable before it answers; the same command id always gets the same answer. */
  accept(command: Command): Promise<CommandAck>;
  /** A local person's request: the same gate as for a manager's command. */
  request(request: LocalRequest): Promise<Verdict<AttemptId>>;
  /** Activates what is staged and waits for a person or a window. Refuses with `upgrade_nothing_staged`. */
  apply(): Promise<Verdict<AttemptId>>;
  /** Returns to `previous` as it lies on the disk, verified again; needs no network. Refuses with `upgrade_no_previous` and as `request`. */
  rollback(): Promise<Verdict<AttemptId>>;
  /** Ends the running attempt before activation. Refuses with `upgrade_not_cancellable`. */
  cancel(): Promise<Verdict<AttemptId>>;
  /** Takes every release of a version off the skip list. Refuses with `upgrade_not_blocked`. */
  unblock(version: ReleaseVersion): Promise<Verdict<void>>;
  /** The running attempt, or the one that ended last: a lost event is made good by the next beat. */
  report(): AttemptReport | null;
  /** The running attempt, frozen; `waitsFor` says why a staged one does not go on. */
  running(): AttemptRecord | null;
  /** Ended attempts, newest first, frozen, with the time each step took. */
  history(): readonly AttemptRecord[];
  trial(): { readonly attempt: AttemptId } | null;
  /** What the candidate says of itself, to which its checks are added; nothing happens without a trial. */
  testify(words: Words): Promise<void>;
  /** Results of the trial's checks, as they were last; none outside a trial. */
  checks(): readonly CheckResult[];
  facts(): Promise<EngineFacts>;
  /** Lets a running attempt be resumed by the next start. */
  stop(): Promise<void>;
}

export function createUpgradeEngine(parts: EngineParts): UpgradeEngine {
  let opened: Opened | undefined;
  const use = (): Opened => {
    if (!opened) throw new Error('recover() comes first');
    return opened;
  };
  const state = () => use().ledger.state();

  // Whoever asks takes a turn: two requests at once must not both find the node free.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: (opened: Opened) => Promise<T>): Promise<T> => {
    const answer = turn.then(() => act(use()));
    turn = answer.catch(() => undefined);
    return answer;
  };

  const locally = <T>(act: (opened: Opened) => Promise<Verdict<T>>): Promise<Verdict<T>> =>
    inTurn(async (now) => now.unsettled() ?? (await coded(() => act(now))));

  // What runs is what was loaded, whatever becomes of the slot; hashing up to 8 MiB for each beat told nothing new.
  let ownDigest: Sha256 | null = null;
  const digestOfOwn = async (): Promise<Sha256 | null> =>
    (ownDigest ??= (await parts.slots.readStatement(parts.self.agentVersion))?.digest ?? null);

  return {
    async recover(calm) {
      opened = await openEngine(parts, calm);
      turn = opened.settled;
    },
    accept: async (command) => {
      const answer = await inTurn((now) => coded(() => take(now, parts, command)));
      return 'ok' in answer ? refusalAck(command, answer) : answer;
    },
    request: (request) => locally(({ ledger, runner }) => requestLocally(ledger, parts, runner, request)),
    apply: () => locally(({ ledger, runner }) => applyStaged(ledger, runner)),
    rollback: () => locally(({ ledger, runner }) => returnToPrevious(ledger, parts, runner)),
    cancel: () => locally(({ ledger, runner }) => cancelLocally(ledger, runner)),
    unblock: (version) => locally(({ ledger }) => unblock(ledger, parts, version)),
    report() {
      const newest = state().attempt ?? state().history[0];
      return newest ? reportOf(newest, use().runner.progress()) : null;
    },
    running: () => (state().attempt ? viewOf(state().attempt as AttemptRecord) : null),
    history: () => Object.freeze(state().history.map(viewOf)),
    trial: () => (state().attempt?.state === 'trial' ? { attempt: (state().attempt as AttemptRecord).id } : null),
    async testify(words) {
      if (state().attempt?.state === 'trial') await use().trial()?.testify(words);
    },
    checks: () => use().trial()?.results() ?? [],
    async facts() {
      const links = await parts.slots.links();
      const { highestSequence, floor } = state();
      return {
        runningVersion: parts.self.agentVersion,
        committedVersion: links.committed,
        previousVersion: links.previous,
        manifestSha256: await digestOfOwn(),
        highestSequence,
        versionFloor: floor?.version ?? null,
      };
    },
    stop: () => use().stop(),
  };
}

/** A disk that cannot take a request down refuses it with the disk's code: unanswered, whoever asked would only ask again. */
async function coded<T>(act: () => Promise<T>): Promise<T | Refusal> {
  try {
    return await act();
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return refuse(error.code, error.details);
  }
}

async function take(opened: Opened, parts: EngineParts, command: Command): Promise<CommandAck | Refusal> {
  const { ledger, runner, brake } = opened;
  // Keys are the link's affair; whoever hands one of its commands on is told so.
  if (command.action.kind === 'rotate_key') return refuse('command_unknown');
  const known = ledger.state().executedCommands.find((one) => one.id === command.id);
  if (known) return known.ack;
  const unsettled = opened.unsettled();
  if (unsettled) return unsettled;
  if (command.action.kind === 'cancel') return cancelCommanded(ledger, runner, command, command.action.command_id);
  // Not remembered: nothing was done, and the manager may ask again.
  if (!brake.takes()) return refuse('upgrade_rate_limited', { rule: 'commands_per_minute', limit: COMMANDS_PER_MINUTE });
  const ack = await takeUpgrade(ledger, parts, command, command.action);
  if (ack.accepted) runner.start();
  return ack;
}

async function cancelCommanded(ledger: Ledger, runner: AttemptRunner, { id }: Command, target: string): Promise<CommandAck> {
  const attempt = ledger.state().attempt;
  const listens = attempt?.commandId === target && isBeforeActivation(attempt.state);
  return listens && (await runner.cancel())
    ? { type: 'command_ack', id, accepted: true, attempt_id: attempt.id }
    : { type: 'command_ack', id, accepted: false, error_code: 'upgrade_not_cancellable', details: {} };
}
