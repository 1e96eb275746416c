import { infiniteQueryOptions, queryOptions, type QueryClient } from '@tanstack/react-query';
import type { SessionView } from '@tidegate/contract-api';
import { listQuery, type NodeFilter } from '../nodes/node-filter.ts';
import { ApiRefusal, type Caller } from './caller.ts';

/** Every query of the console with its key: the stream merges into the same keys. */
export const KEYS = {
  session: ['session'],
  signInMethods: ['sign-in-methods'],
  identities: ['identities'],
  lists: ['nodes'],
  counts: ['counts'],
  node: (id: string) => ['node', id],
  nodeDetails: ['node'],
  events: (id: string) => ['events', id],
  allEvents: ['events'],
  upgrades: (id: string) => ['upgrades', id],
  allUpgrades: ['upgrades'],
  eventsOfAll: ['events-of-all'],
  groups: ['groups'],
  members: ['members'],
  users: ['users'],
  registrationTokens: ['registration-tokens'],
  apiTokens: ['api-tokens'],
  ownSessions: ['own-sessions'],
  secondFactor: ['second-factor'],
  audit: ['audit'],
  releases: ['releases'],
  discovery: ['discovery'],
  explanations: ['explanations'],
  nodesOfGroup: ['nodes-of-group'],
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
      caller.ask('readSession', { signal }).catch((error: unknown) => {
        if (error instanceof ApiRefusal && error.code === 'not_signed_in') return null;
        throw error;
      }),
    staleTime: 5 * 60_000,
  });

export const nodeListQuery = (caller: Caller, filter: NodeFilter) =>
  infiniteQueryOptions({
    queryKey: [...KEYS.lists, filter],
    queryFn: ({ pageParam, signal }) =>
      caller.ask('listNodes', { query: { ...listQuery(filter), limit: PAGE_SIZE, cursor: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });

/** How many there are of each kind among what the filter leaves, its own kind of connection and badge left open. */
export const countsQuery = (caller: Caller, filter: NodeFilter) => {
  const { connection: _, badge: __, sort: ___, order: ____, ...query } = listQuery(filter);
  return queryOptions({
    queryKey: [...KEYS.counts, query],
    queryFn: ({ signal }) => caller.ask('countNodes', { query, signal }),
  });
};

export const nodeQuery = (caller: Caller, id: string) =>
  queryOptions({
    queryKey: KEYS.node(id),
    queryFn: ({ signal }) => caller.ask('readNode', { parameters: { id }, signal }),
  });

export const eventsQuery = (caller: Caller, id: string) =>
  infiniteQueryOptions({
    queryKey: KEYS.events(id),
    queryFn: ({ pageParam, signal }) =>
      caller.ask('listNodeEvents', {
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
    queryFn: ({ signal }) => caller.ask('listNodeUpgrades', { parameters: { id }, query: { limit: 20 }, signal }),
  });

export const releasesQuery = (caller: Caller, deviceType: string) =>
  queryOptions({
    queryKey: [...KEYS.releases, deviceType],
    queryFn: ({ signal }) => caller.ask('listReleases', { parameters: { device_type: deviceType }, query: { limit: 10 }, signal }),
  });

const WHOLE = 500;
/** Sorted by name; enough for a choice and a page. */
export const groupsQuery = (caller: Caller) =>
  queryOptions({ queryKey: KEYS.groups, queryFn: ({ signal }) => caller.ask('listGroups', { query: { limit: WHOLE }, signal }) });
/** The first by name among those whose name or machine has `search` in it. */
export const nodesOfGroupQuery = (caller: Caller, group: string, search: string) =>
  queryOptions({
    queryKey: [...KEYS.nodesOfGroup, group, search],
    queryFn: ({ signal }) => caller.ask('listNodes', { query: { group, ...(search && { search }), limit: 50 }, signal }),
  });
export const registrationTokensQuery = (caller: Caller) =>
  queryOptions({
    queryKey: KEYS.registrationTokens,
    queryFn: ({ signal }) => caller.ask('listRegistrationTokens', { query: { limit: 100 }, signal }),
  });

export const explanationQuery = (caller: Caller, id: string) =>
  queryOptions({
    queryKey: [...KEYS.explanations, id],
    queryFn: ({ signal }) => caller.ask('explainNode', { parameters: { id }, signal }),
    staleTime: 0,
  });

type Filters = Readonly<Partial<Record<string, string>>>;
/** Not while paused: the page then keeps what it shows, whatever the stream brings. */
export const eventsOfAllQuery = (caller: Caller, filters: Filters, isPaused: boolean) =>
  infiniteQueryOptions({
    queryKey: [...KEYS.eventsOfAll, filters],
    queryFn: ({ pageParam, signal }) =>
      caller.ask('listEvents', { query: { ...filters, limit: PAGE_SIZE, cursor: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    enabled: !isPaused,
  });

export const auditQuery = (caller: Caller, filters: Filters) =>
  infiniteQueryOptions({
    queryKey: [...KEYS.audit, filters],
    queryFn: ({ pageParam, signal }) =>
      caller.ask('listAudit', { query: { ...filters, limit: PAGE_SIZE, cursor: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    staleTime: 0,
  });

export const discoveryQuery = (caller: Caller) =>
  queryOptions({
    queryKey: KEYS.discovery,
    queryFn: async ({ signal }) => {
      const [status, candidates] = await Promise.all([
        caller.ask('readDiscoveryStatus', { signal }),
        caller.ask('listDiscoveryCandidates', { signal }),
      ]);
      return { status, candidates };
    },
  });

export const groupQuery = (caller: Caller, id: string) =>
  queryOptions({
    queryKey: [...KEYS.groups, id],
    queryFn: ({ signal }) => caller.ask('readGroup', { parameters: { id }, signal }),
  });
export const membersQuery = (caller: Caller, id: string) =>
  queryOptions({
    queryKey: [...KEYS.members, id],
    queryFn: ({ signal }) => caller.ask('listMembers', { parameters: { id }, query: { limit: WHOLE }, signal }),
  });
export const usersQuery = (caller: Caller, search: string) =>
  queryOptions({
    queryKey: [...KEYS.users, search],
    queryFn: ({ signal }) => caller.ask('listUsers', { query: { limit: WHOLE, search: search || undefined }, signal }),
  });
export const identitiesQuery = (caller: Caller, id: string) =>
  queryOptions({
    queryKey: [...KEYS.identities, id],
    queryFn: ({ signal }) => caller.ask('listIdentities', { parameters: { id }, signal }),
  });
/** As long as the page lives: it changes with the manager's configuration. */
export const signInMethodsQuery = (caller: Caller) =>
  queryOptions({ queryKey: KEYS.signInMethods, queryFn: ({ signal }) => caller.ask('listSignInMethods', { signal }), staleTime: Infinity });
export const apiTokensQuery = (caller: Caller) =>
  queryOptions({ queryKey: KEYS.apiTokens, queryFn: ({ signal }) => caller.ask('listApiTokens', { signal }) });
export const secondFactorQuery = (caller: Caller) =>
  queryOptions({ queryKey: KEYS.secondFactor, queryFn: ({ signal }) => caller.ask('readSecondFactor', { signal }) });
export const ownSessionsQuery = (caller: Caller) =>
  queryOptions({ queryKey: KEYS.ownSessions, queryFn: ({ signal }) => caller.ask('listOwnSessions', { signal }) });
