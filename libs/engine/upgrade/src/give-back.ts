/**
 * The data of a node that was taken back. Runs before anything else at every start: a marker without a commit means that a
 * candidate may have had its hands on the data, and whoever runs now is not that candidate.
 */
import { accept, isCodedError, refuse, type Verdict } from '@tidegate/contract-errors';
import type { EngineParts } from './engine-parts.ts';
import type { SnapshotMark } from './ports/snapshot-store.ts';

type Parts = Pick<EngineParts, 'snapshots' | 'slots' | 'self' | 'log'>;

/** Nothing to do twice over: once given back, the marker is gone. Refuses with upgrade_rollback_failed, and the marker stays. */
export async function giveBack(parts: Parts): Promise<Verdict<void>> {
  try {
    const mark = await parts.snapshots.pending();
    if (!mark || (await stillWanted(parts, mark))) return accept(undefined);
    const restored = await parts.snapshots.restore(mark);
    if (restored.ok) await parts.snapshots.drop(mark.attempt);
    parts.log(restored.ok ? 'snapshot given back' : 'snapshot could not be given back', { attempt: mark.attempt });
    return restored;
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return refuse('upgrade_rollback_failed', { ...error.details, cause: error.code });
  }
}

/** The candidate on its trial, or committed: its data are the node's data. */
const stillWanted = async (parts: Parts, mark: SnapshotMark): Promise<boolean> =>
  mark.to === parts.self.agentVersion || (await parts.slots.links()).committed === mark.to;

/** Copies nobody will ask for again: of a committed attempt whose end was cut off, or without a marker. */
export async function sweepSnapshots(parts: Pick<EngineParts, 'snapshots' | 'slots'>): Promise<void> {
  const mark = await parts.snapshots.pending().catch(() => null);
  if (mark && (await parts.slots.links()).committed === mark.to) await parts.snapshots.drop(mark.attempt);
  await parts.snapshots.sweep();
}
