import { parseManifest, type Manifest, type Sha256 } from '@tidegate/contract-manifest';
import { compareVersions, type NodeMemory } from '@tidegate/domain-version-policy';
import type { EngineParts } from './engine-parts.ts';
import { emptyState, type AttemptRecord, type NodeState } from './node-state.ts';
import type { SlotLinks, SlotStore } from './ports/slot-store.ts';

type Floor = NodeMemory['floor'];

/** Version and sequence each at the higher of both. */
export const raisedFloor = (floor: Floor, offered: Floor | undefined): Floor => {
  if (!floor || !offered) return offered ?? floor;
  const version = compareVersions(floor.version, offered.version) > 0 ? floor.version : offered.version;
  return { version, sequence: Math.max(floor.sequence, offered.sequence) };
};

type Sequences = NodeMemory['floorSequences'];

/** The first to be named takes over what was learned when sequences had no channel. */
export function raisedSequences(
  before: Pick<NodeMemory, 'floor' | 'floorSequences'>,
  channel: string,
  offered: Floor | undefined,
): Sequences {
  if (!offered) return before.floorSequences;
  const isFirst = Object.keys(before.floorSequences).length === 0;
  const own = Object.hasOwn(before.floorSequences, channel) ? (before.floorSequences[channel] ?? 0) : 0;
  return { ...before.floorSequences, [channel]: Math.max(isFirst ? (before.floor?.sequence ?? 0) : own, offered.sequence) };
}

/** What a verified statement revokes stays revoked, whatever becomes of its own release. */
export const revoking = (state: NodeState, revoked: readonly Sha256[]): NodeState => ({
  ...state,
  revoked: [...new Set([...state.revoked, ...revoked])],
});

/** What a committed manifest teaches, never lowered: floor, revocations, sequence, the statement itself. */
export function learn(state: NodeState, manifest: Manifest, digest: AttemptRecord['digest']): NodeState {
  const highest = state.highestCommitted;
  return {
    ...revoking(state, manifest.revoked),
    floor: raisedFloor(state.floor, manifest.security_floor),
    floorSequences: raisedSequences(state, manifest.channel, manifest.security_floor),
    statements: digest ? { ...state.statements, [manifest.version]: { digest, sequence: manifest.sequence } } : state.statements,
    highestSequence: Math.max(state.highestSequence, manifest.sequence),
    highestCommitted: highest && compareVersions(highest, manifest.version) > 0 ? highest : manifest.version,
    migrations: migrationsAfter(state.migrations, manifest),
  };
}

/**
 * All of a committed release's migrations are done. Those of later versions are forgotten on the way back: the older version
 * writes data that never saw them, so they have to run again.
 */
function migrationsAfter(before: NodeState['migrations'], manifest: Manifest): NodeState['migrations'] {
  const declared = manifest.migrations.map(({ id, reversible }) => ({ id, reversible, version: manifest.version }));
  const kept = before.filter((one) => compareVersions(one.version, manifest.version) <= 0);
  return [...kept, ...declared.filter(({ id }) => !kept.some((one) => one.id === id))];
}

/** The state of a node that has none, or lost it: the floor falls back to what the committed release itself says. */
export async function firstState(slots: SlotStore): Promise<NodeState> {
  const { committed } = await slots.links();
  const statement = committed ? await slots.readStatement(committed) : null;
  const parsed = statement ? parseManifest(statement.manifestBytes) : null;
  if (statement && parsed?.ok) return learn(emptyState(), parsed.value, statement.digest);
  return { ...emptyState(), highestCommitted: committed };
}

export async function memoryOf(state: NodeState, links: SlotLinks, parts: Pick<EngineParts, 'slots' | 'self'>): Promise<NodeMemory> {
  const running = parts.self.agentVersion;
  const digestOf = async (version: typeof running) => (await parts.slots.readStatement(version))?.digest ?? null;
  return {
    running,
    runningDigest: await digestOf(running),
    previous: links.previous ? { version: links.previous, digest: await digestOf(links.previous) } : null,
    highestCommitted: state.highestCommitted ?? links.committed ?? running,
    floor: state.floor,
    floorSequences: state.floorSequences,
    revoked: state.revoked,
    statements: state.statements,
    skipList: state.skipList,
    migrations: state.migrations,
  };
}
