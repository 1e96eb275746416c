import type { QueryClient } from '@tanstack/react-query';
import type { EventView, NodeView, StreamMessage, UpgradePage } from '@tidegate/contract-api';
import { KEYS } from '../api/queries.ts';
import type { NodeFilter } from '../nodes/node-filter.ts';
import { mergeEvents, mergeNodes, mergeUpgrade, removeNodes, type EventList, type NodeList } from './merge-stream.ts';

/** What has to be asked for again after a batch; the caller throttles it. */
export interface Stale {
  readonly lists: boolean;
  readonly counts: boolean;
}

const changesCounts = (before: NodeView | undefined, after: NodeView): boolean =>
  before === undefined ||
  before.badge.kind !== after.badge.kind ||
  before.connection !== after.connection ||
  before.software_version !== after.software_version ||
  before.revision !== after.revision;

const mergeIntoLists = (client: QueryClient, changed: ReadonlyMap<string, NodeView>, removed: ReadonlySet<string>): boolean => {
  let stale = false;
  for (const [key, list] of client.getQueriesData<NodeList>({ queryKey: KEYS.lists })) {
    if (list === undefined) continue;
    const merged = mergeNodes(list, key[1] as NodeFilter, changed);
    client.setQueryData(key, removeNodes(merged.data, removed).data);
    stale ||= merged.stale;
  }
  return stale;
};

/** Writes a batch of messages into every cached view they touch. One pass per batch: large fleets send many beats at once. */
export const applyMessages = (client: QueryClient, messages: readonly StreamMessage[]): Stale => {
  const changed = new Map<string, NodeView>();
  const removed = new Set<string>();
  const events = new Map<string, EventView[]>();
  for (const message of messages) {
    if (message.type === 'node') changed.set(message.node.id, message.node);
    else if (message.type === 'node_removed') removed.add(message.node_id);
    else if (message.event.node_id !== null)
      events.set(message.event.node_id, [...(events.get(message.event.node_id) ?? []), message.event]);
  }
  const shown = new Map<string, NodeView>();
  for (const [, list] of client.getQueriesData<NodeList>({ queryKey: KEYS.lists }))
    for (const page of list?.pages ?? []) for (const node of page.items) if (changed.has(node.id)) shown.set(node.id, node);
  const counts = removed.size > 0 || [...changed.values()].some((node) => changesCounts(shown.get(node.id), node));
  const lists = mergeIntoLists(client, changed, removed);
  for (const node of changed.values()) {
    const { upgrade } = node;
    // Only views somebody has open: writing for every node of the fleet would fill the cache.
    client.setQueryData<NodeView>(KEYS.node(node.id), (before) => (before === undefined ? before : node));
    if (upgrade !== null) client.setQueryData<UpgradePage>(KEYS.upgrades(node.id), (page) => page && mergeUpgrade(page, upgrade));
  }
  for (const id of removed) void client.invalidateQueries({ queryKey: KEYS.node(id) });
  for (const [id, fresh] of events) client.setQueryData<EventList>(KEYS.events(id), (list) => list && mergeEvents(list, fresh));
  return { lists, counts };
};
