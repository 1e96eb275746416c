import { Button, Center, Loader, Skeleton, Stack } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useCaller } from '../api/caller-context.ts';
import { countsQuery, nodeListQuery } from '../api/queries.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { PageHead } from '../frame/page-head.tsx';
import { useMay, type May } from '../session/use-may.ts';
import { AddNodeDialog } from '../tokens/add-node-dialog.tsx';
import { UpgradeDialog } from '../upgrade/upgrade-dialog.tsx';
import { BulkBar } from './bulk-bar.tsx';
import { ColumnChoice } from './column-choice.tsx';
import { isNarrowed, SHOW_ALL } from './node-filter.ts';
import { NoNodes } from './no-nodes.tsx';
import { NodeCounts } from './node-counts.tsx';
import { NodeSearch } from './node-search.tsx';
import { NodesTable } from './nodes-table.tsx';
import { useShownColumns } from './shown-columns.ts';
import { useNodeFilter } from './use-node-filter.ts';

/** Somebody who is in no group may not even ask for a list. */
export function NodesPage() {
  const may = useMay();
  if (may('node.read')) return <NodeList may={may} />;
  return <PageHead title="Managed nodes" text="You are in no group yet. An admin of a group can make you a member." />;
}

function NodeList({ may }: { readonly may: May }) {
  const [filter, change] = useNodeFilter();
  const list = useInfiniteQuery({ ...nodeListQuery(useCaller(), filter), placeholderData: keepPreviousData });
  const counts = useQuery({ ...countsQuery(useCaller(), filter), placeholderData: keepPreviousData });
  const [upgradingId, setUpgradingId] = useState<string | null>(null);
  const nodes = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const { total = 0, total_capped: isCapped = false } = list.data?.pages.at(-1) ?? {};
  const totalText = isCapped ? `More than ${total.toLocaleString()}` : total.toLocaleString();
  const [isAdding, setAdding] = useState(false);
  const [columns, setColumns] = useShownColumns();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const { hasNextPage, isFetching, fetchNextPage } = list;
  const loadMore = useMemo(
    () => (hasNextPage && !isFetching ? () => void fetchNextPage() : null),
    [hasNextPage, isFetching, fetchNextPage],
  );
  const [openUpgrade] = useState(() => (node: { readonly id: string }) => setUpgradingId(node.id));
  return (
    <Stack gap="md">
      <PageHead
        title="Managed nodes"
        text={
          <span role="status">
            {list.isSuccess
              ? `${totalText} ${total === 1 ? 'node' : 'nodes'}${isNarrowed(filter) ? (total === 1 ? ' matches' : ' match') : ''}`
              : ' '}
          </span>
        }
      >
        <ColumnChoice shown={columns} onChange={setColumns} />
        {may('registration_token.create') && <Button onClick={() => setAdding(true)}>Add a node…</Button>}
      </PageHead>
      <NodeCounts counts={counts.data} filter={filter} change={change} />
      <NodeSearch counts={counts.data} filter={filter} change={change} />
      <BulkBar nodes={nodes.filter((node) => selected.has(node.id))} may={may} onClear={() => setSelected(new Set())} />
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
          onShowAll={() => change(SHOW_ALL)}
          onAdd={may('registration_token.create') ? () => setAdding(true) : null}
        />
      )}
      {nodes.length > 0 && (
        <NodesTable
          nodes={nodes}
          total={isCapped ? null : total}
          filter={filter}
          change={change}
          columns={columns}
          selected={selected}
          onSelect={setSelected}
          may={may}
          onUpgrade={openUpgrade}
          onNearEnd={loadMore}
        />
      )}
      {list.isFetchingNextPage && (
        <Center>
          <Loader size="sm" aria-label="Loading more nodes" />
        </Center>
      )}
      <UpgradeDialog node={nodes.find((node) => node.id === upgradingId) ?? null} onClose={() => setUpgradingId(null)} />
      <AddNodeDialog isOpen={isAdding} onClose={() => setAdding(false)} />
    </Stack>
  );
}
