import type { NODE_SORTS } from '@tidegate/contract-api';
import { listNodes, type NodeView } from '@tidegate/contract-api';

/** What a person may want to look at first: each is a condition of the list and a count. */
export const FLAGS = ['maintenance', 'quarantined', 'revoked', 'behind_sequence', 'trust_differs', 'guard_outdated'] as const;
export type Flag = (typeof FLAGS)[number];

/** What the list shows, exactly as it stands in the address bar: a reload or a sent link shows the same. */
export interface NodeFilter extends Readonly<Partial<Record<Flag, 'true' | 'false'>>> {
  readonly search?: string;
  readonly group?: string;
  readonly device_type?: string;
  readonly version?: string;
  readonly badge?: NodeView['badge']['kind'];
  readonly connection?: NodeView['connection'];
  /** `key=value,key` as typed. */
  readonly labels?: string;
  readonly sort: (typeof NODE_SORTS)[number];
  readonly order: 'asc' | 'desc';
}
export const DEFAULT_SORT = { sort: 'name', order: 'asc' } as const;
const CONDITIONS = ['search', 'group', 'device_type', 'version', 'badge', 'connection', 'labels', ...FLAGS] as const;
const FIELDS = [...CONDITIONS, 'sort', 'order'] as const;

/** Checks each field by the API's own schema; one that does not fit is left out, so that an old link still opens. */
export const filterFromUrl = (search: URLSearchParams): NodeFilter => {
  const found: Record<string, string> = { ...DEFAULT_SORT };
  for (const field of FIELDS) {
    const text = search.get(field);
    if (text !== null && text !== '' && listNodes.shape[field].safeParse(text).success) found[field] = text;
  }
  return found as unknown as NodeFilter;
};

/** Only what differs from the default, in a fixed order: equal filters have equal addresses. */
export const filterToUrl = (filter: NodeFilter): URLSearchParams => {
  const search = new URLSearchParams();
  for (const field of FIELDS) {
    const value = filter[field];
    const isDefault = (field === 'sort' || field === 'order') && value === DEFAULT_SORT[field];
    if (value !== undefined && value !== '' && !isDefault) search.set(field, value);
  }
  return search;
};

/** `undefined` takes a field out. */
export const changeFilter = (filter: NodeFilter, change: { readonly [K in keyof NodeFilter]?: NodeFilter[K] | undefined }): NodeFilter => {
  const next: Record<string, unknown> = { ...filter, ...change };
  for (const [field, value] of Object.entries(next)) if (value === undefined || value === '') delete next[field];
  return { ...DEFAULT_SORT, ...next };
};

export const isNarrowed = (filter: NodeFilter): boolean => CONDITIONS.some((field) => filter[field] !== undefined);
/** A change that takes every condition out and leaves the order. */
export const SHOW_ALL: Parameters<typeof changeFilter>[1] = Object.fromEntries(CONDITIONS.map((field) => [field, undefined]));

export const listQuery = (filter: NodeFilter): Readonly<Partial<Record<(typeof FIELDS)[number], string>>> =>
  Object.fromEntries(FIELDS.flatMap((field) => (filter[field] === undefined ? [] : [[field, filter[field]]])));

/** A node in the middle of an activation counts as online: it is no outage. */
export const isConnected = (connection: NodeView['connection']): boolean => connection === 'online' || connection === 'respawning';

const hasFlag: Record<Flag, (node: NodeView) => boolean> = {
  maintenance: (node) => node.maintenance !== null,
  quarantined: (node) => node.quarantine !== null,
  revoked: (node) => node.revoked_at !== null,
  behind_sequence: (node) => node.behind_sequence,
  trust_differs: (node) => node.trust_differs,
  guard_outdated: (node) => node.guard_outdated,
};

/**
 * Whether the list would likely hold this node; the manager decides, this only tells whether asking again is worth it.
 * So it may say yes too often, but never no for a node that belongs in.
 */
export const mayMatch = (filter: NodeFilter, node: NodeView): boolean =>
  (filter.badge === undefined || node.badge.kind === filter.badge) &&
  (filter.version === undefined || node.software_version === filter.version) &&
  (filter.group === undefined || node.group === filter.group) &&
  (filter.device_type === undefined || node.device_type === filter.device_type) &&
  (filter.connection === undefined || node.connection === filter.connection) &&
  FLAGS.every((flag) => filter[flag] === undefined || hasFlag[flag](node) === (filter[flag] === 'true'));
