import { parseManifest, type Manifest } from '@tidegate/contract-manifest';
import { compareVersions, type AttemptAges, type NodeMemory } from '@tidegate/domain-version-policy';
import type { EngineParts } from './engine-parts.ts';
import { emptyState, type AttemptRecord, type NodeState } from './node-state.ts';
import type { SlotLinks, SlotStore } from './ports/slot-store.ts';
import type { Clock } from './ports/surroundings.ts';

/** What a committed manifest teaches, never lowered: floor, revocations, sequence, the statement itself. */
export function learn(state: NodeState, manifest: Manifest, digest: AttemptRecord['digest']): NodeState {
  const offered = manifest.security_floor;
  const raises =
    offered && (!state.floor || compareVersions(offered.version, state.floor.version) > 0 || offered.sequence > state.floor.sequence);
  const highest = state.highestCommitted;
  return {
    ...state,
    floor: raises
      ? {
          version: state.floor && compareVersions(state.floor.version, offered.version) > 0 ? state.floor.version : offered.version,
          sequence: Math.max(state.floor?.sequence ?? 0, offered.sequence),
        }
      : state.floor,
    revoked: [...new Set([...state.revoked, ...manifest.revoked])],
    statements: digest ? { ...state.statements, [manifest.version]: { digest, sequence: manifest.sequence } } : state.statements,
    highestSequence: Math.max(state.highestSequence, manifest.sequence),
    highestCommitted: highest && compareVersions(highest, manifest.version) > 0 ? highest : manifest.version,
  };
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
    revoked: state.revoked,
    statements: state.statements,
    skipList: state.skipList,
  };
}

/** Seconds since an attempt was accepted; the boot-time clock where it can tell, else the wall clock. */
export const ageSecs = (attempt: AttemptRecord, clock: Clock): number =>
  attempt.acceptedBootId === clock.bootId()
    ? clock.uptimeSecs() - attempt.acceptedUptimeSecs
    : Math.max(0, (clock.now().getTime() - Date.parse(attempt.acceptedAt)) / 1000);

/** Refused attempts do not count: a refusal costs nothing and must not lock out the right request that follows. */
export const attemptAges = (state: NodeState, clock: Clock): AttemptAges =>
  state.history.filter((attempt) => attempt.state !== 'refused').map((attempt) => ageSecs(attempt, clock));
