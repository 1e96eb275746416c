/**
 * Which slots go. The guard deletes, because what it sealed is root's; it is asked whenever an attempt has ended, and daily.
 * A folder among the versions that this node's memory does not know was made by somebody else, most likely by a candidate
 * that was taken back: it never runs, but it would lie there for ever, and count as the newest version.
 */
import { isCodedError } from '@tidegate/contract-errors';
import { EVENTS } from '@tidegate/contract-events';
import type { EngineParts } from './engine-parts.ts';
import type { Ledger } from './ledger.ts';
import type { NodeState } from './node-state.ts';

/** Only while no attempt runs. A disk that cannot take the request down is asked again tomorrow. */
export async function prune(ledger: Ledger, parts: EngineParts): Promise<void> {
  try {
    const unknown = await parts.slots.requestPrune(parts.keepVersions, knownVersions(ledger.state()));
    if (unknown.length === 0) return;
    const details = { names: unknown.slice(0, 20), count: unknown.length };
    const { severity } = EVENTS.slot_unknown;
    await ledger.change((state) => ({ ...state, outbox: [...state.outbox, { name: 'slot_unknown', severity, details }] }));
    parts.log('unknown slots', details);
  } catch (error) {
    if (!isCodedError(error)) throw error;
    parts.log('slots could not be pruned', { code: error.code, ...error.details });
  }
}

/** Versions whose statement was verified here; a request that was refused before makes none known. */
const knownVersions = (state: NodeState): ReadonlySet<string> =>
  new Set([
    ...Object.keys(state.statements),
    ...state.skipList.map((one) => one.version),
    ...[state.attempt, ...state.history].flatMap((one) => (one?.digest ? [one.toVersion] : [])),
  ]);
