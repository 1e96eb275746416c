import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { RolloutView } from '@tidegate/contract-api';
import type { Caller } from '../api/caller.ts';

/** Every query of rollouts begins with this. */
export const ROLLOUTS = ['rollouts'] as const;
const PAGE_SIZE = 50;
/** Rollouts do not come by the stream: a page that shows one asks again while something can still happen by itself. */
const RUNNING_MS = 2_000;
const CATCHING_UP_MS = 10_000;

type Fields = Readonly<Partial<Record<string, string>>>;
export const rolloutListQuery = (caller: Caller, filters: Fields) =>
  infiniteQueryOptions({
    queryKey: [...ROLLOUTS, 'list', filters],
    queryFn: ({ pageParam, signal }) =>
      caller.ask('listRollouts', { query: { ...filters, limit: PAGE_SIZE, cursor: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    staleTime: 0,
    refetchInterval: ({ state }) => againAfterMs(state.data?.pages.flatMap((page) => page.items) ?? []),
  });

/** Until it has ended; more slowly afterwards for as long as latecomers are still upgraded. */
export const againAfterMs = (rollouts: readonly Pick<RolloutView, 'ended_at' | 'waits_for'>[]): number | false => {
  if (rollouts.some(({ ended_at: endedAt }) => endedAt === null)) return RUNNING_MS;
  return rollouts.some(({ waits_for: waitsFor }) => waitsFor === 'latecomers') ? CATCHING_UP_MS : false;
};

export const rolloutQuery = (caller: Caller, id: string) =>
  queryOptions({
    queryKey: [...ROLLOUTS, 'one', id],
    queryFn: ({ signal }) => caller.ask('explainRollout', { parameters: { id }, signal }),
    staleTime: 0,
    refetchInterval: ({ state }) => againAfterMs(state.data ? [state.data.rollout] : []),
  });

export const targetsQuery = (caller: Caller, rollout: RolloutView, filters: Fields, cursor: string | null) =>
  queryOptions({
    queryKey: [...ROLLOUTS, 'targets', rollout.id, filters, cursor],
    queryFn: ({ signal }) =>
      caller.ask('listRolloutTargets', {
        parameters: { id: rollout.id },
        query: { ...filters, limit: PAGE_SIZE, cursor: cursor ?? undefined },
        signal,
      }),
    placeholderData: keepPreviousData,
    staleTime: 0,
    refetchInterval: againAfterMs([rollout]),
  });
