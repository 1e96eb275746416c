import { Center, Loader, Skeleton, Stack, Text, Title } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useCaller } from '../api/caller-context.ts';
import { nodeListQuery } from '../api/queries.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { usePageTitle } from '../frame/page-title.ts';
import { UpgradeDialog } from '../upgrade/upgrade-dialog.tsx';
import { isNarrowed } from './node-filter.ts';
import { NoNodes } from './no-nodes.tsx';
import { NodeCounts } from './node-counts.tsx';
import { NodeSearch } from './node-search.tsx';
import { NodesTable } from './nodes-table.tsx';
import { useNodeFilter } from './use-node-filter.ts';

export function NodesPage() {
  usePageTitle('Managed nodes');
  const [filter, change] = useNodeFilter();
  const list = useInfiniteQuery({ ...nodeListQuery(useCaller(), filter), placeholderData: keepPreviousData });
  const [upgradingId, setUpgradingId] = useState<string | null>(null);
  const nodes = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const total = list.data?.pages.at(-1)?.total ?? 0;
  const { hasNextPage, isFetching, fetchNextPage } = list;
  const loadMore = useMemo(
    () => (hasNextPage && !isFetching ? () => void fetchNextPage() : null),
    [hasNextPage, isFetching, fetchNextPage],
  );
  const [openUpgrade] = useState(() => (node: { readonly id: string }) => setUpgradingId(node.id));
  return (
    <Stack gap="md">
      <div>
        <Title order={1} size="h2">
          Managed nodes
        </Title>
        <Text c="dimmed" size="sm" role="status">
          {list.isSuccess
            ? `${total.toLocaleString()} ${total === 1 ? 'node' : 'nodes'}${isNarrowed(filter) ? (total === 1 ? ' matches' : ' match') : ''}`
            : ' '}
        </Text>
      </div>
      <NodeCounts filter={filter} change={change} />
      <NodeSearch filter={filter} change={change} />
      {list.isError && <ErrorNotice error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && (
        <Stack gap={8} aria-label="Loading nodes">
          {Array.from({ length: 6 }, (_, index) => (
            <Skeleton key={index} height={54} radius="md" />
          ))}
        </Stack>
      )}
      {list.isSuccess && nodes.length === 0 && (
        <NoNodes
          isNarrowed={isNarrowed(filter)}
          onShowAll={() => change({ search: undefined, badge: undefined, connection: undefined, version: undefined })}
        />
      )}
      {nodes.length > 0 && (
        <NodesTable nodes={nodes} total={total} filter={filter} change={change} onUpgrade={openUpgrade} onNearEnd={loadMore} />
      )}
      {list.isFetchingNextPage && (
        <Center>
          <Loader size="sm" aria-label="Loading more nodes" />
        </Center>
      )}
      <UpgradeDialog node={nodes.find((node) => node.id === upgradingId) ?? null} onClose={() => setUpgradingId(null)} />
    </Stack>
  );
}
