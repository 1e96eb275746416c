/** accepted -> staged: everything that can be known is known before anything that runs is touched. */
import { accept, refuse, type ErrorCode, type Verdict } from '@tidegate/contract-errors';
import { STATEMENT_FILES, type Artefact, type Manifest, type Sha256 } from '@tidegate/contract-manifest';
import { gateManifest, holdActivation, type NodeMemory, type UpgradeRequest } from '@tidegate/domain-version-policy';
import type { AttemptMoves } from './attempt-moves.ts';
import type { EngineParts } from './engine-parts.ts';
import { fetchArtefact } from './fetch-artefact.ts';
import { lookForNews } from './newest-statements.ts';
import { memoryOf, raisedFloor, raisedSequences, revoking } from './node-memory.ts';
import type { AttemptRecord, NodeState } from './node-state.ts';
import type { UnpackProgress } from './ports/artefact-unpacker.ts';
import type { VerifiedManifest } from './ports/manifest-verifier.ts';
import type { Statement } from './ports/release-source.ts';
import { gatePrograms } from './programs-gate.ts';

interface Prepared {
  readonly statement: Statement;
  readonly verified: VerifiedManifest;
  readonly artefact: Artefact;
}

export async function prepare(
  parts: EngineParts,
  moves: AttemptMoves,
  signal: AbortSignal,
  onProgress: (progress: UnpackProgress) => void,
): Promise<Verdict<void>> {
  await moves.move('resolve');
  const resolved = await resolve(parts, moves, signal);
  if (!resolved.ok) return resolved;
  const { statement, verified, artefact } = resolved.value;
  await moves.move('verified', {
    patch: { digest: verified.digest, signer: verified.signer, retryCounted: true },
    also: moves.attempt().retryCounted ? (state) => state : (state) => countRetry(state, verified.digest),
  });
  const version = verified.manifest.version;
  const reused = await reusableSlot(parts, resolved.value);
  if (!reused) {
    const space = await gateSpace(parts, verified.manifest, artefact);
    if (!space.ok) return space;
    const fetched = await fetchArtefact(parts, moves.attempt(), { statement, artefact, signal, onProgress });
    if (!fetched.ok) return fetched;
  }
  const waitsForPerson = holdActivation(parts.policy, moves.attempt().released, parts.clock.now()) === 'person';
  const staged = waitsForPerson ? 'upgrade_staged_manual' : 'upgrade_staged';
  await moves.move('fetched', { events: reused ? [staged] : ['upgrade_downloaded', staged] });
  parts.log('staged', { version });
  return accept(undefined);
}

async function resolve(parts: EngineParts, moves: AttemptMoves, signal: AbortSignal): Promise<Verdict<Prepared>> {
  const attempt = moves.attempt();
  const found = await findStatement(parts, attempt, signal);
  if (!found.ok) return found;
  const statement = found.value;
  await moves.move('resolved');
  const verified = await parts.verifier.verify(statement.manifestBytes, statement.bundleBytes);
  if (!verified.ok) return verified;
  const { manifest, digest } = verified.value;
  const self = { ...parts.self, guardVersion: await parts.slots.guardVersion() };
  const memory = await memoryOf(moves.state(), await parts.slots.links(), parts);
  const gate = (remembered: NodeMemory) =>
    gateManifest(manifest, digest, requestOf(attempt), attempt.kind, { policy: parts.policy, memory: remembered, self });
  const known = gate(memory);
  if (!known.ok) return known;
  const artefact = gate(await withNews(parts, moves, manifest, memory, signal));
  if (!artefact.ok) return artefact;
  const programs = gatePrograms(manifest, artefact.value, parts.trial.windowSecs);
  return programs.ok ? accept({ statement, verified: verified.value, artefact: artefact.value }) : programs;
}

/** Looked for last: what the node refuses by what it knows costs its source nothing. */
async function withNews(
  parts: EngineParts,
  moves: AttemptMoves,
  manifest: Manifest,
  memory: NodeMemory,
  signal: AbortSignal,
): Promise<NodeMemory> {
  const { kind, released } = moves.attempt();
  // A person at the node who wants back, wants back now, and often for lack of a network.
  if (kind === 'return' && released) return memory;
  const news = await lookForNews(parts, manifest, memory, signal);
  const revoked = [...new Set([...memory.revoked, ...news.revoked, ...manifest.revoked])];
  if (revoked.length > memory.revoked.length) await moves.learn((state) => revoking(state, revoked));
  const floorSequences = raisedSequences(memory, manifest.channel, news.floor ?? undefined);
  return { ...memory, revoked, floor: raisedFloor(memory.floor, news.floor ?? undefined), floorSequences };
}

/** Codes that say nothing of the release, only of the way to it. */
const UNREACHABLE: ReadonlySet<ErrorCode> = new Set(['upgrade_network_error', 'upgrade_timeout']);

/**
 * A return goes by the statement that lies in the slot, and so does any version whose source cannot be reached: it is verified
 * again either way, and another digest for the same version would be refused anyhow.
 */
async function findStatement(parts: EngineParts, attempt: AttemptRecord, signal: AbortSignal): Promise<Verdict<Statement>> {
  const stored = await parts.slots.readStatement(attempt.toVersion);
  const onDisk: Verdict<Statement> | null = stored && accept({ ...stored, origin: 'disk' });
  if (onDisk && attempt.kind === 'return') return onDisk;
  const fetched = await parts.source.fetchStatement(attempt.toVersion, signal);
  return !fetched.ok && onDisk && UNREACHABLE.has(fetched.code) ? onDisk : fetched;
}

/** The gate let a skipped release through only as one of the manager's two retries: used up when it begins, however it ends. */
const countRetry = (state: NodeState, digest: Sha256): NodeState => ({
  ...state,
  skipList: state.skipList.map((one) => (one.digest === digest ? { ...one, retries: one.retries + 1 } : one)),
});

export const requestOf = (attempt: AttemptRecord): UpgradeRequest => ({
  version: attempt.toVersion,
  channel: attempt.channel,
  expectedDigest: attempt.expectedDigest,
  retrySkipped: attempt.retrySkipped,
});

/** A slot of the same release that lies here already, after a revert or an interrupted attempt, is checked and used. */
async function reusableSlot(parts: EngineParts, { verified, artefact }: Prepared): Promise<boolean> {
  const version = verified.manifest.version;
  const installed = await parts.slots.readStatement(version);
  if (installed?.digest !== verified.digest) return false;
  const tree = await parts.verifyTree(parts.slots.slotFolder(version), artefact.files, STATEMENT_FILES);
  return tree.ok;
}

async function gateSpace(parts: EngineParts, manifest: Manifest, artefact: Artefact): Promise<Verdict<void>> {
  const snapshot = await parts.snapshots.measure(manifest.snapshot.paths);
  if (!snapshot.ok) return snapshot;
  const neededBytes = Math.max(
    3 * artefact.size,
    Math.ceil(1.1 * (artefact.size + artefact.unpacked_size + snapshot.value.bytes)),
    manifest.requires.free_bytes ?? 0,
  );
  const neededInodes = artefact.files.length + snapshot.value.entries + 1000;
  const { freeBytes, freeInodes } = await parts.slots.space();
  if (freeBytes < neededBytes) return refuse('upgrade_disk_full', { needed_bytes: neededBytes, free_bytes: freeBytes });
  if (freeInodes < neededInodes) return refuse('upgrade_disk_full', { needed_inodes: neededInodes, free_inodes: freeInodes });
  return accept(undefined);
}
