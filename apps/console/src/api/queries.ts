import { infiniteQueryOptions, queryOptions, type QueryClient } from '@tanstack/react-query';
import { eventPage, nodePage, nodeView, releaseList, sessionView, upgradePage, type SessionView } from '@tidegate/contract-api';
import { listQuery, type NodeFilter } from '../nodes/node-filter.ts';
import { ApiRefusal, type Caller } from './caller.ts';

/** Every query of the console with its key: the stream merges into the same keys. */
export const KEYS = {
  session: ['session'],
  lists: ['nodes'],
  counts: ['counts'],
  node: (id: string) => ['node', id],
  nodeDetails: ['node'],
  events: (id: string) => ['events', id],
  allEvents: ['events'],
  upgrades: (id: string) => ['upgrades', id],
  allUpgrades: ['upgrades'],
} as const;

/** Not `clear()`: the pages that watch the session would go on watching a query that no longer exists. */
export const forgetAllButSession = (client: QueryClient): void =>
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEYS.session[0] });

const PAGE_SIZE = 100;
const EVENTS_PAGE_SIZE = 50;

/** `null`: nobody is signed in, which is an answer and not an error. */
export const sessionQuery = (caller: Caller) =>
  queryOptions({
    queryKey: KEYS.session,
    queryFn: ({ signal }): Promise<SessionView | null> =>
      caller.ask(sessionView, 'readSession', { signal }).catch((error: unknown) => {
        if (error instanceof ApiRefusal && error.code === 'not_signed_in') return null;
        throw error;
      }),
    staleTime: 5 * 60_000,
  });

export const nodeListQuery = (caller: Caller, filter: NodeFilter) =>
  infiniteQueryOptions({
    queryKey: [...KEYS.lists, filter],
    queryFn: ({ pageParam, signal }) =>
      caller.ask(nodePage, 'listNodes', { query: { ...listQuery(filter), limit: PAGE_SIZE, cursor: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });

export type CountOf = { readonly connection?: 'online' | 'offline'; readonly badge?: NonNullable<NodeFilter['badge']> };
/** The API counts what a filter matches; a page of one row is the cheapest way to ask. */
export const countQuery = (caller: Caller, of: CountOf) =>
  queryOptions({
    queryKey: [...KEYS.counts, of],
    queryFn: async ({ signal }) => (await caller.ask(nodePage, 'listNodes', { query: { ...of, limit: 1 }, signal })).total,
  });

export const nodeQuery = (caller: Caller, id: string) =>
  queryOptions({
    queryKey: KEYS.node(id),
    queryFn: ({ signal }) => caller.ask(nodeView, 'readNode', { parameters: { id }, signal }),
  });

export const eventsQuery = (caller: Caller, id: string) =>
  infiniteQueryOptions({
    queryKey: KEYS.events(id),
    queryFn: ({ pageParam, signal }) =>
      caller.ask(eventPage, 'listNodeEvents', {
        parameters: { id },
        query: { limit: EVENTS_PAGE_SIZE, cursor: pageParam ?? undefined },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });

export const upgradesQuery = (caller: Caller, id: string) =>
  queryOptions({
    queryKey: KEYS.upgrades(id),
    queryFn: ({ signal }) => caller.ask(upgradePage, 'listNodeUpgrades', { parameters: { id }, query: { limit: 20 }, signal }),
  });

export const releasesQuery = (caller: Caller, deviceType: string) =>
  queryOptions({
    queryKey: ['releases', deviceType],
    queryFn: ({ signal }) =>
      caller.ask(releaseList, 'listReleases', { parameters: { device_type: deviceType }, query: { limit: 10 }, signal }),
  });
