import { labelSelector, type Exclusion, type LabelTerm, type RolloutStrategy, type WaveSize } from '@tidegate/contract-api';

/** What the planner needs to know of a node. */
export interface Candidate {
  readonly id: string;
  readonly online: boolean;
  readonly version: string | null;
  readonly os: string;
  readonly arch: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The last beat advertised `upgrade`. */
  readonly capable: boolean;
  /** Channels its policy allows, as far as it says so. */
  readonly channels: readonly string[] | null;
  readonly maintenance: boolean;
  readonly quarantined: boolean;
  readonly revoked: boolean;
  /** A pin of the node or its group to one version. */
  readonly pinnedTo: string | null;
}

export interface PlanRequest {
  /** Salts the order, so that the same nodes are not the canaries of every rollout. */
  readonly rolloutId: string;
  readonly version: string;
  readonly channel: string;
  readonly strategy: RolloutStrategy;
}

export interface WavePlan {
  readonly waves: readonly { readonly nodeIds: readonly string[] }[];
  readonly excluded: readonly { readonly nodeId: string; readonly reason: Exclusion }[];
}

/** The same request and nodes give the same plan, whatever order the nodes come in. An empty selection gives no waves. */
export function planWaves(request: PlanRequest, candidates: readonly Candidate[]): WavePlan {
  const excluded: { nodeId: string; reason: Exclusion }[] = [];
  const eligible: Candidate[] = [];
  for (const candidate of candidates) {
    const reason = exclusionOf(request, candidate);
    if (reason === null) eligible.push(candidate);
    else excluded.push({ nodeId: candidate.id, reason });
  }
  const { first, rest } = canariesFirst(request, inOrder(request, eligible));
  return { waves: cut(request.strategy, first, rest), excluded: excluded.sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1)) };
}

/** The first reason that holds, the gravest first. */
export function exclusionOf({ version, channel }: Pick<PlanRequest, 'version' | 'channel'>, node: Candidate): Exclusion | null {
  if (node.revoked) return 'revoked';
  if (node.quarantined) return 'quarantined';
  if (node.maintenance) return 'in_maintenance';
  if (!node.capable) return 'no_capability';
  if (node.channels !== null && !node.channels.includes(channel)) return 'channel_not_allowed';
  if (node.pinnedTo !== null && node.pinnedTo !== version) return 'pinned';
  return node.version === version ? 'already_there' : null;
}

const FNV_START = 0x811c9dc5;
/** FNV-1a over UTF-16 units: an even spread for ids, the same on every replica and in a browser. No secret. */
function hashOf(text: string, start: number): number {
  let hash = start;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}

/** Ids that differ in their last characters only must not end up side by side (the final mix of MurmurHash3). */
function mixed(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return (twice ^ (twice >>> 16)) >>> 0;
}

/** Ranks fit below a 32-bit number in the 53 bits of a double, so that one native sort of numbers orders a whole fleet. */
const MAX_RANKS = 2 ** 20;

/** Stable; `keyOf` gives whole numbers below 2^32. */
function sortedBy(nodes: readonly Candidate[], keyOf: (node: Candidate, rank: number) => number): Candidate[] {
  if (nodes.length > MAX_RANKS) throw new Error('more nodes than a plan can hold');
  const keys = Float64Array.from(nodes, (node, rank) => keyOf(node, rank) * MAX_RANKS + rank).sort();
  return Array.from(keys, (key) => nodes[key % MAX_RANKS] as Candidate);
}

function inOrder({ rolloutId, strategy }: PlanRequest, nodes: readonly Candidate[]): Candidate[] {
  const { by_label: byLabel, spread } = strategy.order;
  // By id first: two ids of one hash must not stand in the order in which a database happened to give them.
  const byId = isAscending(nodes) ? nodes : nodes.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const salt = hashOf(rolloutId, FNV_START);
  const shuffled = sortedBy(byId, (node) => mixed(hashOf(node.id, salt)));
  const laidOut = spread.length > 0 ? evenly(shuffled, spread) : shuffled;
  return byLabel === null ? laidOut : byLabelValue(laidOut, byLabel);
}

const isAscending = (nodes: readonly Candidate[]): boolean =>
  nodes.every((node, index) => index === 0 || (nodes[index - 1] as Candidate).id < node.id);

/** Each kind is laid out evenly over the whole order, so that any cut of it holds its part of every kind. */
function evenly(nodes: readonly Candidate[], spread: RolloutStrategy['order']['spread']): Candidate[] {
  const kindOf = (node: Candidate): string =>
    spread.map((by) => (by === 'site' ? (node.labels['site'] ?? '') : (node[by] ?? ''))).join('\u0000');
  const kinds = nodes.map(kindOf);
  const sizes = new Map<string, number>();
  for (const kind of kinds) sizes.set(kind, (sizes.get(kind) ?? 0) + 1);
  const seen = new Map<string, number>();
  return sortedBy(nodes, (_, rank) => {
    const kind = kinds[rank] as string;
    const before = seen.get(kind) ?? 0;
    seen.set(kind, before + 1);
    return Math.floor(((before + 0.5) / (sizes.get(kind) ?? 1)) * 2 ** 32);
  });
}

/** In the order of the label's values, nodes without it last; within one value the order stays. */
function byLabelValue(nodes: readonly Candidate[], label: string): Candidate[] {
  const values = new Map<string, Candidate[]>();
  const without: Candidate[] = [];
  for (const node of nodes) {
    const value = node.labels[label];
    if (value === undefined) without.push(node);
    else if (values.has(value)) values.get(value)?.push(node);
    else values.set(value, [node]);
  }
  return [...[...values.keys()].toSorted().flatMap((value) => values.get(value) ?? []), ...without];
}

const holds = (terms: readonly LabelTerm[], labels: Candidate['labels']): boolean =>
  terms.every(({ key, value }) => Object.hasOwn(labels, key) && (value === null || labels[key] === value));

function canariesFirst(
  { strategy }: PlanRequest,
  ordered: readonly Candidate[],
): { first: readonly Candidate[]; rest: readonly Candidate[] } {
  const named = new Set<string>(strategy.order.canaries);
  const selector = strategy.order.canary_selector;
  const terms = selector === null ? null : labelSelector.parse(selector);
  if (named.size === 0 && terms === null) return { first: [], rest: ordered };
  const isCanary = (node: Candidate): boolean => named.has(node.id) || (terms !== null && holds(terms, node.labels));
  return { first: ordered.filter(isCanary), rest: ordered.filter((node) => !isCanary(node)) };
}

/** Nodes up to and including a wave. 0.07 x 100 is 7.000000000000001 to a computer and 7 to whoever wrote it. */
const cumulative = (size: WaveSize, total: number): number =>
  Math.min(total, 'count' in size ? size.count : Math.ceil(size.share * total - 1e-9));

function cut(strategy: RolloutStrategy, canaries: readonly Candidate[], rest: readonly Candidate[]): { nodeIds: string[] }[] {
  const total = canaries.length + rest.length;
  if (total === 0) return [];
  const sizes = strategy.kind === 'immediate' ? [] : strategy.waves.map((size) => Math.max(1, cumulative(size, total)));
  // What the last wave leaves over is one more: a rollout is for its whole selection.
  const ends = [...sizes, total];
  const firstEnd = Math.max(ends[0] ?? total, Math.min(canaries.length, total));
  const line = canaries.map(({ id }) => id).concat(onlineFirst(rest, firstEnd - canaries.length));
  const waves: { nodeIds: string[] }[] = [];
  let from = 0;
  for (const [index, end] of ends.entries()) {
    const to = index === 0 ? firstEnd : Math.max(end, from);
    if (to > from) waves.push({ nodeIds: line.slice(from, to) });
    from = Math.max(from, to);
  }
  return waves;
}

/** A canary that is offline tells nothing, so those that are there fill the first wave; the others keep their order. */
function onlineFirst(nodes: readonly Candidate[], places: number): string[] {
  const first: string[] = [];
  const others: string[] = [];
  for (const { id, online } of nodes) (online && first.length < places ? first : others).push(id);
  return first.concat(others);
}
