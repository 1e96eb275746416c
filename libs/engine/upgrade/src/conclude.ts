/** How attempts end: by a refusal or failure before activation, by the guard's verdict after it. */
import { ERRORS, isUpgradeErrorCode, type Refusal } from '@tidegate/contract-errors';
import { parseManifest } from '@tidegate/contract-manifest';
import { advance, archive, eventOf, withError } from './attempt-log.ts';
import type { EngineParts } from './engine-parts.ts';
import { giveBack, sweepSnapshots } from './give-back.ts';
import type { Ledger } from './ledger.ts';
import { learn } from './node-memory.ts';
import type { AttemptRecord, NodeState } from './node-state.ts';
import type { GuardVerdict } from './ports/slot-store.ts';
import { prune } from './prune.ts';

/** Before activation. A code that cannot end an attempt would be a bug; the node reports it as a storage error and names it. */
export async function endBeforeActivation(ledger: Ledger, parts: EngineParts, refusal: Refusal): Promise<void> {
  const code = isUpgradeErrorCode(refusal.code) ? refusal.code : 'upgrade_storage_error';
  const details = code === refusal.code ? refusal.details : { ...refusal.details, cause: refusal.code };
  const refused = ERRORS[code].upgrade.outcome === 'refused';
  await parts.slots.clearStaging();
  const id = ledger.state().attempt?.id;
  if (id) await parts.snapshots.drop(id);
  await ledger.change((state) => {
    if (!state.attempt) return state;
    const ended = withError(advance(state.attempt, refused ? 'refuse' : 'fail', parts.clock), code, details);
    const event = eventOf(refused ? 'upgrade_refused' : 'upgrade_failed', ended, parts.self);
    return { ...archive(state, ended), outbox: [...state.outbox, event] };
  });
  parts.log('attempt ended', { code, ...details });
}

/** The guard committed: only now do floor, sequence and highest version move. */
export async function conclude(ledger: Ledger, parts: EngineParts): Promise<void> {
  const version = ledger.state().attempt?.toVersion;
  const statement = version ? await parts.slots.readStatement(version) : null;
  const manifest = statement ? parseManifest(statement.manifestBytes) : null;
  await ledger.change((state) => {
    if (!state.attempt) return state;
    const ended = advance(state.attempt, 'prove', parts.clock);
    const learned = manifest?.ok ? learn(state, manifest.value, ended.digest) : state;
    const skipList = learned.skipList.filter((one) => one.digest !== ended.digest);
    return { ...archive({ ...learned, skipList }, ended), outbox: [...state.outbox, eventOf('upgrade_completed', ended, parts.self)] };
  });
  await sweepSnapshots(parts);
  await parts.slots.clearStaging();
  await prune(ledger, parts);
}

/** The guard took the node back; this is the old version, finding out. What could not be given back makes the node uncertain. */
export async function concludeRevert(ledger: Ledger, parts: EngineParts, verdict: Pick<GuardVerdict, 'reason' | 'starts'>): Promise<void> {
  const givenBack = await giveBack(parts);
  const note = ledger.state().attempt?.note;
  const code = !givenBack.ok ? 'upgrade_rollback_failed' : note?.code === 'upgrade_migration_failed' ? note.code : 'upgrade_rolled_back';
  const details = { reason: verdict.reason, starts: verdict.starts, ...note?.details, ...(givenBack.ok ? {} : givenBack.details) };
  await ledger.change((state) =>
    state.attempt && state.attempt.state !== 'rolling_back' ? { ...state, attempt: advance(state.attempt, 'revert', parts.clock) } : state,
  );
  await ledger.change((state) => {
    if (!state.attempt) return state;
    const ended = withError(advance(state.attempt, 'restored', parts.clock), code, details);
    return {
      ...archive(skip(state, ended, verdict.reason), ended),
      outbox: [...state.outbox, eventOf(givenBack.ok ? 'upgrade_rolled_back' : 'upgrade_rollback_failed', ended, parts.self)],
    };
  });
  await parts.snapshots.sweep();
  await parts.slots.clearStaging();
  await prune(ledger, parts);
  parts.log('rolled back', { code, ...details });
}

/** A release that failed for lack of a manager is not at fault and may be tried again. */
function skip(state: NodeState, ended: AttemptRecord, reason: string): NodeState {
  if (!ended.digest || reason === 'manager_unreachable') return state;
  const before = state.skipList.find((one) => one.digest === ended.digest);
  const entry = { digest: ended.digest, version: ended.toVersion, reason, retries: before?.retries ?? 0 };
  return { ...state, skipList: [entry, ...state.skipList.filter((one) => one.digest !== ended.digest)] };
}
