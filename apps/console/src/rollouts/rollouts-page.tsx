import { Anchor, Button, NativeSelect, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { listRollouts, ROLLOUT_PHASES, type RolloutView } from '@tidegate/contract-api';
import { Link } from 'react-router';
import { useCaller } from '../api/caller-context.ts';
import { groupsQuery } from '../api/queries.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import filterStyles from '../frame/filters.module.css';
import { PageHead } from '../frame/page-head.tsx';
import { useUrlFields } from '../frame/use-url-fields.ts';
import { WideTable } from '../frame/wide-table.tsx';
import { useMay } from '../session/use-may.ts';
import { Moment } from '../time/moment.tsx';
import { PhasePill } from './phase-pill.tsx';
import { rolloutListQuery } from './rollout-queries.ts';
import { phaseWord } from './rollout-text.ts';
import { WaveBar } from './wave-bar.tsx';
import styles from './rollouts.module.css';

const FIELDS = ['group', 'phase', 'running'] as const;

function Filters({ values, set }: ReturnType<typeof useUrlFields<(typeof FIELDS)[number]>>) {
  const groups = useQuery(groupsQuery(useCaller()));
  const pick = (field: (typeof FIELDS)[number], label: string, options: readonly { value: string; label: string }[]) => (
    <NativeSelect
      label={label}
      data={[{ value: '', label: 'All' }, ...options]}
      value={values[field] ?? ''}
      onChange={(event) => set(field, event.currentTarget.value)}
    />
  );
  return (
    <div className={filterStyles.filters} role="search">
      {pick('group', 'Group', groups.data?.items.map(({ name }) => ({ value: name, label: name })) ?? [])}
      {pick(
        'phase',
        'State',
        ROLLOUT_PHASES.map((phase) => ({ value: phase, label: phaseWord(phase) })),
      )}
      {pick('running', 'Still running', [
        { value: 'true', label: 'running' },
        { value: 'false', label: 'ended' },
      ])}
    </div>
  );
}

function RolloutRow({ rollout }: { readonly rollout: RolloutView }) {
  const { totals, wave, waves } = rollout;
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor component={Link} to={`/admin/rollouts/${rollout.id}`} fw={600} aria-label={`${rollout.version} to ${rollout.group}`}>
          {rollout.version}
        </Anchor>
        <Text size="xs" c="dimmed">
          {rollout.device_type}, {rollout.channel}
        </Text>
      </Table.Td>
      <Table.Td>{rollout.group}</Table.Td>
      <Table.Td>
        <PhasePill rollout={rollout} />
      </Table.Td>
      <Table.Td miw={180}>
        <WaveBar counts={totals} />
        <Text size="xs" c="dimmed">
          {totals.committed.toLocaleString()} of {totals.total.toLocaleString()} committed
          {wave >= 0 && `, wave ${wave + 1} of ${waves.length}`}
        </Text>
      </Table.Td>
      <Table.Td>
        <Moment at={rollout.created_at} />
        <Text size="xs" c="dimmed">
          {rollout.created_by}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}

function NoRollouts({ onShowAll }: { readonly onShowAll: (() => void) | null }) {
  const canBegin = useMay()('rollout.manage');
  return (
    <Stack className={styles.empty} align="center" gap="xs">
      <Title order={2} size="h4">
        {onShowAll ? 'No rollout matches' : 'There is no rollout yet'}
      </Title>
      {onShowAll ? (
        <Button variant="default" onClick={onShowAll}>
          Show all rollouts
        </Button>
      ) : (
        <>
          <Text c="dimmed" maw={520} ta="center">
            {canBegin
              ? 'A rollout brings one release to a group, wave by wave. Open the group and choose Roll out…'
              : 'Admins of a group begin them; they show up here then.'}
          </Text>
          {canBegin && (
            <Button component={Link} to="/admin/groups">
              Choose a group
            </Button>
          )}
        </>
      )}
    </Stack>
  );
}

export function RolloutsPage() {
  const fields = useUrlFields(listRollouts.shape, FIELDS);
  const rollouts = useInfiniteQuery(rolloutListQuery(useCaller(), fields.values));
  const shown = rollouts.data?.pages.flatMap((page) => page.items) ?? [];
  const isNarrowed = Object.keys(fields.values).length > 0;
  return (
    <Stack gap="md">
      <PageHead title="Rollouts" text="One release to the nodes of a group, in waves that have to prove themselves; newest first." />
      <Filters {...fields} />
      {rollouts.isError && <ErrorNotice error={rollouts.error} onRetry={() => void rollouts.refetch()} />}
      {rollouts.isPending && <Skeleton height={160} radius="md" aria-label="Loading rollouts" />}
      {rollouts.isSuccess && shown.length === 0 && <NoRollouts onShowAll={isNarrowed ? fields.clear : null} />}
      {shown.length > 0 && (
        <WideTable label="Rollouts" heads={['Release', 'Group', 'State', 'Nodes', 'Begun']}>
          {shown.map((rollout) => (
            <RolloutRow key={rollout.id} rollout={rollout} />
          ))}
        </WideTable>
      )}
      {rollouts.hasNextPage && (
        <Button variant="default" w="fit-content" loading={rollouts.isFetchingNextPage} onClick={() => void rollouts.fetchNextPage()}>
          Show older rollouts
        </Button>
      )}
    </Stack>
  );
}
