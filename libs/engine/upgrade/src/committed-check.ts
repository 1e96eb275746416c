/**
 * The committed version against its signed list, while nothing else is going on: soon after a start, then daily. A disk that rots
 * is to be known before the node needs to go back to what lies on it. A slot that a link names cannot be repaired by
 * anybody but the guard, who cannot verify (docs/adr/0005): it is reported, and replaced by the next release.
 */
import { EVENTS } from '@tidegate/contract-events';
import { STATEMENT_FILES } from '@tidegate/contract-manifest';
import type { EngineParts } from './engine-parts.ts';
import type { Ledger } from './ledger.ts';
import { artefactFor, manifestOf } from './own-manifest.ts';
import { prune } from './prune.ts';

const LOOK_MS = 60_000;
const CHECK_EVERY_SECS = 86_400;

/** Also spools what could not be spooled before. Returns what ends the watching. */
export function watchCommitted(ledger: Ledger, parts: EngineParts): () => void {
  let checkedAt: number | null = null;
  let reported = '';
  let busy = false;

  const look = async (): Promise<void> => {
    await ledger.flush();
    const now = parts.clock.uptimeSecs();
    if (ledger.state().attempt || (checkedAt !== null && now - checkedAt < CHECK_EVERY_SECS)) return;
    checkedAt = now;
    await prune(ledger, parts);
    const damage = await committedDamage(parts);
    const found = JSON.stringify(damage);
    if (!damage || found === reported) return;
    const { severity } = EVENTS.slot_damaged;
    await ledger.change((state) => ({ ...state, outbox: [...state.outbox, { name: 'slot_damaged', severity, details: damage }] }));
    reported = found;
    parts.log('slot damaged', damage);
  };

  return parts.clock.every(LOOK_MS, () => {
    if (busy) return;
    busy = true;
    void look()
      .catch((error: unknown) =>
        parts.log('committed version could not be checked', { error: error instanceof Error ? error.name : typeof error }),
      )
      .finally(() => (busy = false));
  });
}

/** What differs first, or null. A version that was not installed from a release has no list to differ from. */
async function committedDamage(parts: EngineParts): Promise<Record<string, string> | null> {
  const { committed } = await parts.slots.links();
  if (!committed || !(await parts.slots.hasSlot(committed))) return null;
  const manifest = await manifestOf(parts, committed);
  const artefact = manifest && artefactFor(manifest, parts.self);
  if (!artefact) return null;
  const tree = await parts.verifyTree(parts.slots.slotFolder(committed), artefact.files, STATEMENT_FILES);
  if (tree.ok) return null;
  const { path = '', problem = '' } = tree.details;
  return { version: committed, path: String(path), problem: String(problem) };
}
