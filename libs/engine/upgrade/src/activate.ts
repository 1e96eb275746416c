/** staged -> activating: the data are set aside and the intent is durable before `current` moves, and the guard judges what comes after. */
import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import { parseManifest, STATEMENT_FILES, type Manifest, type ReleaseVersion } from '@tidegate/contract-manifest';
import type { AttemptMoves } from './attempt-moves.ts';
import type { EngineParts } from './engine-parts.ts';
import { trialWindowSecs } from './migrate.ts';
import { artefactFor } from './own-manifest.ts';
import { runChecks } from './trial.ts';

export async function activate(parts: EngineParts, moves: AttemptMoves): Promise<Verdict<void>> {
  const { id, fromVersion, toVersion } = moves.attempt();
  const sound = await soundManifest(parts, moves);
  if (!sound.ok) return sound;
  const { snapshot } = sound.value;
  const baseline = (await runChecks(parts)).map(({ id: check, ok }) => ({ id: check, ok }));
  await moves.move('drain', { patch: { waitsFor: null, baseline } });
  await parts.drain();
  await moves.move('drained');
  if (snapshot.paths.length > 0) {
    const taken = await parts.snapshots.take({ attempt: id, from: fromVersion, to: toVersion }, snapshot.paths);
    if (!taken.ok) return taken;
  }
  const windowSecs = trialWindowSecs(sound.value, parts.trial.windowSecs);
  await parts.slots.writeIntent({ attempt: id, target: toVersion, ...parts.trial, windowSecs });
  await moves.move('snapshotted');
  return swap(parts, toVersion);
}

/** A disk that reports an error after the link moved has moved it all the same: the guard will see a trial, so it is one. */
async function swap(parts: EngineParts, toVersion: ReleaseVersion): Promise<Verdict<void>> {
  try {
    return await parts.slots.swapCurrent(toVersion);
  } catch (error) {
    if ((await parts.slots.links()).current !== toVersion) throw error;
    return accept(undefined);
  }
}

/** Nothing is certain about a slot after it was unpacked except what is checked again. */
async function soundManifest(parts: EngineParts, moves: AttemptMoves): Promise<Verdict<Manifest>> {
  const { toVersion, digest } = moves.attempt();
  const installed = await parts.slots.readStatement(toVersion);
  if (!installed || installed.digest !== digest) return refuse('upgrade_interrupted', { reason: 'the staged slot is gone or another' });
  const manifest = parseManifest(installed.manifestBytes);
  if (!manifest.ok) return manifest;
  const artefact = artefactFor(manifest.value, parts.self);
  if (!artefact) return refuse('upgrade_arch_mismatch', {});
  const tree = await parts.verifyTree(parts.slots.slotFolder(toVersion), artefact.files, STATEMENT_FILES);
  return tree.ok ? manifest : refuse('upgrade_extract_failed', tree.details);
}
