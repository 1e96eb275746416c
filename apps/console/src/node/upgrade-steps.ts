import { isBeforeActivation } from '@tidegate/domain-attempt';
import { ATTEMPT_PATH, isTerminal } from '@tidegate/contract-events';
import type { UpgradeState, UpgradeView } from '@tidegate/contract-api';

/** The way of an upgrade that goes well. `queued` stands in front when the manager reports it. */
const WAY = ['sent', ...ATTEMPT_PATH] as const satisfies readonly UpgradeState[];

export const STATE_MEANINGS: Readonly<Record<UpgradeState, string>> = {
  queued: 'Stored by the manager; goes out as soon as the node is connected.',
  sent: 'On its way to the node.',
  accepted: 'The node has stored the command.',
  resolving: 'The node looks the release up at its own source.',
  verifying: 'The node checks signature, signer and its own policy.',
  fetching: 'Downloading; every chunk is checked before it is unpacked.',
  staged: 'Complete on disk; what runs is untouched so far.',
  draining: 'Finishing the work in hand.',
  snapshotting: 'Keeping a copy of what a revert would give back.',
  activating: 'Switching over and restarting.',
  trial: 'The new version has to prove itself to the boot guard.',
  rolling_back: 'The boot guard takes the node back.',
  committed: 'The new version proved itself and stays.',
  rolled_back: 'The node runs its previous version again.',
  failed: 'Ended before activation; the node runs what it ran.',
  refused: 'The node’s own policy refused; nothing was changed.',
};

export interface StepRow {
  readonly state: UpgradeState;
  /** `passed`: went through it, but faster than anybody reported. */
  readonly status: 'done' | 'passed' | 'current' | 'ahead' | 'ended_well' | 'ended_badly';
  readonly at: string | null;
  /** Until the next reported step; for the current one until now. */
  readonly durationMs: number | null;
}

const isEnded = (state: UpgradeState): boolean => state !== 'queued' && state !== 'sent' && isTerminal(state);
export const isRunning = (upgrade: UpgradeView | null): upgrade is UpgradeView => upgrade !== null && !isEnded(upgrade.state);

/** Before activation a person may still take it back; from then on only the guard's verdict counts. */
export const isCancellable = (upgrade: UpgradeView | null): upgrade is UpgradeView =>
  isRunning(upgrade) && (upgrade.state === 'queued' || upgrade.state === 'sent' || isBeforeActivation(upgrade.state));

const statesToShow = (upgrade: UpgradeView, reached: ReadonlySet<UpgradeState>): readonly UpgradeState[] => {
  const front: UpgradeState[] = reached.has('queued') ? ['queued'] : [];
  const leftTheWay = reached.has('rolling_back') || (isEnded(upgrade.state) && upgrade.state !== 'committed');
  if (!leftTheWay) return [...front, ...WAY];
  // What lies ahead no longer comes; the way ends with how it ended.
  const last = WAY.findLastIndex((state) => reached.has(state));
  const back: UpgradeState[] =
    reached.has('rolling_back') || upgrade.state === 'rolled_back' ? ['rolling_back', 'rolled_back'] : [upgrade.state];
  return [...front, ...WAY.slice(0, last + 1), ...back];
};

/** One row per state, in order, from what the manager learned and when. A state heard of twice (resumed) keeps its first time. */
export const stepRows = (upgrade: UpgradeView, nowMs: number): StepRow[] => {
  const times = new Map<UpgradeState, string>();
  for (const { state, at } of upgrade.steps) if (!times.has(state)) times.set(state, at);
  const reached = new Set<UpgradeState>([...times.keys(), upgrade.state]);
  const states = statesToShow(upgrade, reached);
  const position = states.indexOf(upgrade.state);
  return states.map((state, index) => {
    const at = times.get(state) ?? (state === upgrade.state && isEnded(state) ? upgrade.finished_at : null);
    const nextAt = states
      .slice(index + 1)
      .map((next) => times.get(next))
      .find((time) => time !== undefined);
    const endMs = nextAt !== undefined ? Date.parse(nextAt) : index === position && !isEnded(state) ? nowMs : null;
    const durationMs = at === null || endMs === null || isEnded(state) ? null : Math.max(0, endMs - Date.parse(at));
    if (index > position) return { state, status: 'ahead', at: null, durationMs: null };
    if (index < position) return { state, status: at === null ? 'passed' : 'done', at, durationMs };
    const ended = state === 'committed' ? 'ended_well' : 'ended_badly';
    return { state, status: isEnded(state) ? ended : 'current', at, durationMs };
  });
};
