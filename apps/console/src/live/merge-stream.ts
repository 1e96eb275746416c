import type { InfiniteData } from '@tanstack/react-query';
import type { EventPage, EventView, NodePage, NodeView, UpgradePage, UpgradeView } from '@tidegate/contract-api';
import { mayMatch, type NodeFilter } from '../nodes/node-filter.ts';

/**
 * The stream says what changed, the lists say what is. Rows that are shown are replaced in place; what a change does to
 * membership or order is the manager's to say, so it only marks the list as stale. `stale` must stay false for the plain
 * beat of a node, or a large fleet would make every console ask for its list without pause.
 */
export interface Merged<T> {
  readonly data: T;
  readonly stale: boolean;
}
export type NodeList = InfiniteData<NodePage, string | null>;
export type EventList = InfiniteData<EventPage, string | null>;

/** Whether the place of a row, or whether it is in the list at all, can differ between the two. */
const isMoved = (filter: NodeFilter, before: NodeView, after: NodeView): boolean =>
  !mayMatch(filter, after) ||
  (filter.connection !== undefined && before.connection !== after.connection) ||
  (filter.labels !== undefined && JSON.stringify(before.labels) !== JSON.stringify(after.labels)) ||
  (filter.sort === 'group' && before.group !== after.group) ||
  (filter.sort === 'name' && before.name !== after.name) ||
  (filter.sort === 'software_version' && before.software_version !== after.software_version);

export const mergeNodes = (list: NodeList, filter: NodeFilter, changed: ReadonlyMap<string, NodeView>): Merged<NodeList> => {
  let stale = false;
  let touched = false;
  const seen = new Set<string>();
  const pages = list.pages.map((page) => {
    const hits = page.items.some((node) => changed.has(node.id));
    if (!hits) return page;
    touched = true;
    const items = page.items.map((node) => {
      const after = changed.get(node.id);
      if (after === undefined) return node;
      seen.add(node.id);
      stale ||= isMoved(filter, node, after);
      return after;
    });
    return { ...page, items };
  });
  // An unknown node belongs on a page that was not loaded yet, unless all are loaded: then it is new here.
  const isComplete = list.pages.at(-1)?.next_cursor === null;
  if (isComplete) for (const [id, node] of changed) stale ||= !seen.has(id) && mayMatch(filter, node);
  return { data: touched ? { ...list, pages } : list, stale };
};

export const removeNodes = (list: NodeList, removed: ReadonlySet<string>): Merged<NodeList> => {
  let count = 0;
  const pages = list.pages.map((page) => {
    const items = page.items.filter((node) => !removed.has(node.id));
    count += page.items.length - items.length;
    return items.length === page.items.length ? page : { ...page, items };
  });
  if (count === 0) return { data: list, stale: false };
  return { data: { ...list, pages: pages.map((page) => ({ ...page, total: Math.max(0, page.total - count) })) }, stale: false };
};

/** Newest first. Events are sent at least once, so the same id may come again. */
export const mergeEvents = (list: EventList, fresh: readonly EventView[]): EventList => {
  const known = new Set(list.pages.flatMap((page) => page.items.map((event) => event.id)));
  const added = new Map(fresh.filter((event) => !known.has(event.id)).map((event) => [event.id, event]));
  const [first, ...rest] = list.pages;
  if (added.size === 0 || first === undefined) return list;
  return { ...list, pages: [{ ...first, items: [...[...added.values()].reverse(), ...first.items] }, ...rest] };
};

export const mergeUpgrade = (page: UpgradePage, upgrade: UpgradeView): UpgradePage => {
  const isKnown = page.items.some((item) => item.id === upgrade.id);
  const items = isKnown ? page.items.map((item) => (item.id === upgrade.id ? upgrade : item)) : [upgrade, ...page.items];
  return { ...page, items };
};
