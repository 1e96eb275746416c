import type { EventView } from '@tidegate/contract-api';
import { nodeId } from '@tidegate/contract-protocol';
import type { StoredEvent } from './persistence/event-pages.ts';

export const errorCodeOf = ({ details }: Pick<StoredEvent, 'details'>): string | null => {
  const code = details['error_code'];
  return typeof code === 'string' ? code : null;
};

export const viewOfEvent = (event: StoredEvent): EventView => ({
  id: event.id,
  source: event.source,
  node_id: event.nodeId === null ? null : nodeId.parse(event.nodeId),
  node_name: event.nodeName,
  group: event.groupName,
  name: event.name,
  category: event.category,
  severity: event.severity,
  error_code: errorCodeOf(event),
  at: event.at.toISOString(),
  received_at: event.receivedAt.toISOString(),
  details: event.details,
});
