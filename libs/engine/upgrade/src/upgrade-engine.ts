import type { Verdict } from '@tidegate/contract-errors';
import type { ReleaseVersion, Sha256 } from '@tidegate/contract-manifest';
import type { AttemptId, AttemptReport, Command, CommandAck } from '@tidegate/contract-protocol';
import { isBeforeActivation } from '@tidegate/domain-attempt';
import { reportOf } from './attempt-log.ts';
import { createAttemptRunner, type AttemptRunner } from './attempt-runner.ts';
import { viewOf } from './attempt-view.ts';
import { COMMANDS_PER_MINUTE, createCommandBrake } from './command-brake.ts';
import type { EngineParts } from './engine-parts.ts';
import { giveBack } from './give-back.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { applyStaged, cancelLocally, requestLocally, returnToPrevious, unblock, type LocalRequest } from './local-acts.ts';
import { firstState } from './node-memory.ts';
import type { AttemptRecord } from './node-state.ts';
import type { CheckResult } from './ports/programs.ts';
import { reconcile } from './recover.ts';
import { takeUpgrade } from './take-request.ts';
import { openTrial, type Trial, type Words } from './trial.ts';
import { watchVerdict } from './verdict-watch.ts';

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
  /** Once, before the link opens: reads state and verdict, ends or resumes what was running. */
  recover(): Promise<void>;
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

/** What there is once the state was read. */
interface Opened {
  readonly ledger: Ledger;
  readonly runner: AttemptRunner;
  readonly brake: ReturnType<typeof createCommandBrake>;
  readonly trial: Trial | null;
  readonly stopWatching: () => void;
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

  return {
    async recover() {
      opened = await open(parts);
    },
    accept: (command) => inTurn((now) => take(now, parts, command)),
    request: (request) => inTurn(({ ledger, runner }) => requestLocally(ledger, parts, runner, request)),
    apply: () => inTurn(({ ledger, runner }) => applyStaged(ledger, runner)),
    rollback: () => inTurn(({ ledger, runner }) => returnToPrevious(ledger, parts, runner)),
    cancel: () => inTurn(({ ledger, runner }) => cancelLocally(ledger, runner)),
    unblock: (version) => inTurn(({ ledger }) => unblock(ledger, parts, version)),
    report() {
      const newest = state().attempt ?? state().history[0];
      return newest ? reportOf(newest, use().runner.progress()) : null;
    },
    running: () => (state().attempt ? viewOf(state().attempt as AttemptRecord) : null),
    history: () => Object.freeze(state().history.map(viewOf)),
    trial: () => (state().attempt?.state === 'trial' ? { attempt: (state().attempt as AttemptRecord).id } : null),
    async testify(words) {
      if (state().attempt?.state === 'trial') await use().trial?.testify(words);
    },
    checks: () => use().trial?.results() ?? [],
    async facts() {
      const links = await parts.slots.links();
      const { highestSequence, floor } = state();
      return {
        runningVersion: parts.self.agentVersion,
        committedVersion: links.committed,
        previousVersion: links.previous,
        manifestSha256: (await parts.slots.readStatement(parts.self.agentVersion))?.digest ?? null,
        highestSequence,
        versionFloor: floor?.version ?? null,
      };
    },
    async stop() {
      use().stopWatching();
      use().trial?.stop();
      await use().runner.stop();
    },
  };
}

async function open(parts: EngineParts): Promise<Opened> {
  await giveBack(parts);
  const loaded = await parts.stateStore.load();
  const ledger = openLedger(loaded.state ?? (await firstState(parts.slots)), parts.stateStore, parts.events);
  const runner = createAttemptRunner(ledger, parts);
  const next = await reconcile(ledger, parts, loaded.quarantined);
  if (next === 'resume') runner.start();
  const brake = createCommandBrake(parts.clock);
  const { attempt } = ledger.state();
  const trial = attempt?.state === 'trial' ? openTrial(parts, attempt) : null;
  const stopWatching = next === 'watch' ? watchVerdict(ledger, parts, () => trial?.stop()) : () => undefined;
  return { ledger, runner, brake, trial, stopWatching };
}

async function take({ ledger, runner, brake }: Opened, parts: EngineParts, command: Command): Promise<CommandAck> {
  const known = ledger.state().executedCommands.find((one) => one.id === command.id);
  if (known) return known.ack;
  if (command.action.kind === 'cancel') return cancelCommanded(ledger, runner, command, command.action.command_id);
  if (!brake.takes()) return overRate(command);
  const ack = await takeUpgrade(ledger, parts, command, command.action);
  if (ack.accepted) runner.start();
  return ack;
}

/** Not remembered: nothing was done, and the manager may ask again. */
const overRate = ({ id }: Command): CommandAck => ({
  type: 'command_ack',
  id,
  accepted: false,
  error_code: 'upgrade_rate_limited',
  details: { rule: 'commands_per_minute', limit: COMMANDS_PER_MINUTE },
});

async function cancelCommanded(ledger: Ledger, runner: AttemptRunner, { id }: Command, target: string): Promise<CommandAck> {
  const attempt = ledger.state().attempt;
  const listens = attempt?.commandId === target && isBeforeActivation(attempt.state);
  return listens && (await runner.cancel())
    ? { type: 'command_ack', id, accepted: true, attempt_id: attempt.id }
    : { type: 'command_ack', id, accepted: false, error_code: 'upgrade_not_cancellable', details: {} };
}
