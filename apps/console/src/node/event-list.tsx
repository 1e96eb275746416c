import { Anchor, Button, Group, Skeleton, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { EVENTS, PLATFORM_EVENTS, type EventName, type PlatformEventName } from '@tidegate/contract-events';
import type { EventView } from '@tidegate/contract-api';
import { Link } from 'react-router';
import { useCaller } from '../api/caller-context.ts';
import { eventsQuery } from '../api/queries.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { Pill } from '../nodes/pill.tsx';
import { Moment } from '../time/moment.tsx';
import { Details } from './details.tsx';
import { Panel } from './panel.tsx';
import styles from './event-list.module.css';

const TONES = { info: 'calm', warning: 'caution', critical: 'bad' } as const;
const meaningOf = (name: string): string | null => {
  if (Object.hasOwn(EVENTS, name)) return EVENTS[name as EventName].meaning;
  return Object.hasOwn(PLATFORM_EVENTS, name) ? PLATFORM_EVENTS[name as PlatformEventName].meaning : null;
};

export function EventRow({ event, withNode = false }: { readonly event: EventView; readonly withNode?: boolean }) {
  const meaning = meaningOf(event.name);
  const code = event.error_code ?? (typeof event.details['error_code'] === 'string' ? event.details['error_code'] : null);
  return (
    <li className={styles.event}>
      <Group gap={8}>
        <code className={styles.name}>{event.name}</code>
        {event.severity !== 'info' && <Pill tone={TONES[event.severity]}>{event.severity}</Pill>}
        {code !== null && <code className={styles.code}>{code}</code>}
        {withNode && event.node_id !== null && (
          <Anchor component={Link} size="sm" to={`/admin/nodes/${event.node_id}`}>
            {event.node_name ?? event.node_id.slice(0, 8)}
          </Anchor>
        )}
        {withNode && event.group !== null && (
          <Text component="span" size="xs" c="dimmed">
            {event.group}
          </Text>
        )}
        {/* The manager's clock: the node's own may stand at 1980. */}
        <Text component="span" size="xs" c="dimmed" ml="auto">
          <Moment at={event.received_at} />
        </Text>
      </Group>
      {meaning !== null && (
        <Text size="sm" c="dimmed">
          {meaning}
        </Text>
      )}
      {Object.keys(event.details).length > 0 && (
        <details className={styles.more}>
          <summary>Details</summary>
          <Details details={event.details} />
        </details>
      )}
    </li>
  );
}

export function EventList({ nodeId }: { readonly nodeId: string }) {
  const events = useInfiniteQuery(eventsQuery(useCaller(), nodeId));
  const shown = events.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Panel
      id="events"
      title="Events"
      aside={
        <Anchor component={Link} size="sm" to={`/admin/events?node_id=${nodeId}`}>
          Filter them
        </Anchor>
      }
    >
      {events.isError && <ErrorNotice error={events.error} onRetry={() => void events.refetch()} />}
      {events.isPending && <Skeleton height={80} radius="md" aria-label="Loading events" />}
      {events.isSuccess && shown.length === 0 && (
        <Text c="dimmed" size="sm">
          The node has not reported anything yet.
        </Text>
      )}
      <ul className={styles.events}>
        {shown.map((event) => (
          <EventRow key={event.id} event={event} />
        ))}
      </ul>
      {events.hasNextPage && (
        <Button variant="default" size="xs" mt="sm" loading={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>
          Show older events
        </Button>
      )}
    </Panel>
  );
}
