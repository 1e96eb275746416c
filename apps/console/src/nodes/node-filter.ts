import { listNodes, type NodeView } from '@tidegate/contract-api';

/** What the list shows, exactly as it stands in the address bar: a reload or a sent link shows the same. */
export interface NodeFilter {
  readonly search?: string;
  readonly badge?: Exclude<NodeView['badge']['kind'], 'none'>;
  readonly connection?: 'online' | 'offline';
  readonly version?: string;
  readonly sort: 'name' | 'software_version' | 'last_seen_at';
  readonly order: 'asc' | 'desc';
}
export const DEFAULT_SORT = { sort: 'name', order: 'asc' } as const;
const FIELDS = ['search', 'badge', 'connection', 'version', 'sort', 'order'] as const;

/** Reads each field by the API's own schema; one that does not fit is left out, so that an old link still opens. */
export const filterFromUrl = (search: URLSearchParams): NodeFilter => {
  const found: Record<string, unknown> = { ...DEFAULT_SORT };
  for (const field of FIELDS) {
    const text = search.get(field);
    if (text === null || text === '') continue;
    const parsed = listNodes.shape[field].safeParse(text);
    if (parsed.success) found[field] = parsed.data;
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

export const isNarrowed = ({ search, badge, connection, version }: NodeFilter): boolean =>
  search !== undefined || badge !== undefined || connection !== undefined || version !== undefined;

export const listQuery = (filter: NodeFilter): Record<string, string> =>
  Object.fromEntries(FIELDS.flatMap((field) => (filter[field] === undefined ? [] : [[field, filter[field]]])));

/** A node in the middle of an activation counts as online: it is no outage. */
export const isConnected = (connection: NodeView['connection']): boolean => connection === 'online' || connection === 'respawning';

/**
 * Whether the list would likely hold this node; the manager decides, this only tells whether asking again is worth it.
 * So it may say yes too often, but never no for a node that belongs in.
 */
export const mayMatch = (filter: NodeFilter, node: NodeView): boolean =>
  (filter.badge === undefined || node.badge.kind === filter.badge) &&
  (filter.version === undefined || (node.software_version ?? '').includes(filter.version)) &&
  (filter.connection === undefined || node.connection === 'stale' || isConnected(node.connection) === (filter.connection === 'online'));
