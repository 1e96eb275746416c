import { Button, NativeSelect, Skeleton, Stack, Text } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { queryEvents } from '@tidegate/contract-api';
import { EVENT_CATEGORIES, EVENT_NAMES, PLATFORM_EVENTS } from '@tidegate/contract-events';
import { useState } from 'react';
import { useCaller } from '../api/caller-context.ts';
import { eventsOfAllQuery, groupsQuery } from '../api/queries.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { PageHead } from '../frame/page-head.tsx';
import { SettlingField } from '../frame/settling-field.tsx';
import { TimeField } from '../frame/time-field.tsx';
import { useUrlFields } from '../frame/use-url-fields.ts';
import { EventRow } from '../node/event-list.tsx';
import listStyles from '../node/event-list.module.css';
import styles from '../frame/filters.module.css';

const FIELDS = ['search', 'category', 'severity', 'name', 'error_code', 'group', 'node_id', 'from', 'to'] as const;
const NAMES = [...EVENT_NAMES, ...Object.keys(PLATFORM_EVENTS)].sort();
type Fields = ReturnType<typeof useUrlFields<(typeof FIELDS)[number]>>;

const choice = (all: string, values: readonly string[]) => [{ value: '', label: all }, ...values.map((value) => ({ value, label: value }))];

function EventFilters({ values, set }: Fields) {
  const groups = useQuery(groupsQuery(useCaller()));
  const pick = (field: (typeof FIELDS)[number], label: string, data: { value: string; label: string }[]) => (
    <NativeSelect label={label} data={data} value={values[field] ?? ''} onChange={(event) => set(field, event.currentTarget.value)} />
  );
  return (
    <div className={styles.filters} role="search">
      <SettlingField
        isLabelled
        label="Search"
        placeholder="Name or details"
        maxLength={128}
        value={values.search ?? ''}
        onSettled={(text) => set('search', text)}
      />
      {pick('category', 'Category', choice('All', EVENT_CATEGORIES))}
      {pick('severity', 'Severity', [
        { value: '', label: 'All' },
        { value: 'warning', label: 'warning and critical' },
        { value: 'critical', label: 'critical' },
      ])}
      {pick('name', 'Event', choice('All', NAMES))}
      {pick('group', 'Group', choice('All', groups.data?.items.map(({ name }) => name) ?? []))}
      <TimeField label="From" value={values.from} onChange={(iso) => set('from', iso)} />
      <TimeField label="To" value={values.to} onChange={(iso) => set('to', iso)} />
    </div>
  );
}

export function EventsPage() {
  const fields = useUrlFields(queryEvents.shape, FIELDS);
  const [isPaused, setPaused] = useState(false);
  const events = useInfiniteQuery({ ...eventsOfAllQuery(useCaller(), fields.values, isPaused), placeholderData: keepPreviousData });
  const shown = events.data?.pages.flatMap((page) => page.items) ?? [];
  const isNarrowed = Object.keys(fields.values).length > 0;
  return (
    <Stack gap="md">
      <PageHead
        title="Events"
        text={isPaused ? 'Paused: what happens now shows up when you follow again.' : 'Newest first; what happens shows up by itself.'}
      >
        {isNarrowed && (
          <Button variant="default" onClick={fields.clear}>
            Show all
          </Button>
        )}
        <Button variant={isPaused ? 'filled' : 'default'} aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? 'Follow' : 'Pause'}
        </Button>
      </PageHead>
      <EventFilters {...fields} />
      {fields.values.node_id !== undefined && (
        <Text size="sm" c="dimmed">
          Only events of node {fields.values.node_id}.
        </Text>
      )}
      {events.isError && <ErrorNotice error={events.error} onRetry={() => void events.refetch()} />}
      {events.isPending && <Skeleton height={240} radius="md" aria-label="Loading events" />}
      {events.isSuccess && shown.length === 0 && <Text c="dimmed">{isNarrowed ? 'No event matches.' : 'Nothing has happened yet.'}</Text>}
      {shown.length > 0 && (
        <div className={styles.list}>
          <ul className={listStyles.events}>
            {shown.map((event) => (
              <EventRow key={event.id} event={event} withNode />
            ))}
          </ul>
        </div>
      )}
      {events.hasNextPage && (
        <Button variant="default" w="fit-content" loading={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>
          Show older events
        </Button>
      )}
    </Stack>
  );
}
