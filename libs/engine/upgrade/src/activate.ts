/** staged -> activating: the intent is durable before `current` moves, and the guard judges what comes after. */
import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import { parseManifest } from '@tidegate/contract-manifest';
import type { AttemptMoves } from './attempt-moves.ts';
import type { EngineParts } from './engine-parts.ts';
import { STATEMENT_FILES } from './ports/slot-store.ts';

export async function activate(parts: EngineParts, moves: AttemptMoves): Promise<Verdict<void>> {
  const { id, toVersion } = moves.attempt();
  const sound = await slotIsSound(parts, moves);
  if (!sound.ok) return sound;
  await moves.move('drain', { patch: { waitsFor: null } });
  await parts.drain();
  await moves.move('drained');
  await parts.slots.writeIntent({ attempt: id, target: toVersion, ...parts.trial });
  await moves.move('snapshotted');
  return parts.slots.swapCurrent(toVersion);
}

/** Nothing is certain about a slot after it was unpacked except what is checked again. */
async function slotIsSound(parts: EngineParts, moves: AttemptMoves): Promise<Verdict<void>> {
  const { toVersion, digest } = moves.attempt();
  const installed = await parts.slots.readStatement(toVersion);
  if (!installed || installed.digest !== digest) return refuse('upgrade_interrupted', { reason: 'the staged slot is gone or another' });
  const manifest = parseManifest(installed.manifestBytes);
  if (!manifest.ok) return manifest;
  const artefact = manifest.value.artefacts.find(
    (one) => (one.arch === parts.self.arch || one.arch === 'any') && one.variant === parts.self.variant,
  );
  if (!artefact) return refuse('upgrade_arch_mismatch', {});
  const tree = await parts.verifyTree(parts.slots.slotFolder(toVersion), artefact.files, STATEMENT_FILES);
  return tree.ok ? accept(undefined) : refuse('upgrade_extract_failed', tree.details);
}
