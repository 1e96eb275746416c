import { categoryOf, severityOf, type NodeEvent } from '@tidegate/contract-events';
import type { EntityManager } from 'typeorm';
import { insertEvents } from '../event-log/index.ts';
import { raiseMarks, spoolText, type SpoolKey } from './persistence/event-marks.ts';

export interface ReceivedEvent {
  readonly nodeId: string;
  readonly groupId: string;
  readonly receivedAt: Date;
  readonly event: NodeEvent;
}

const spoolOf = (item: ReceivedEvent): SpoolKey => ({ nodeId: item.nodeId, spoolId: item.event.spool_id });

/** Drops what is not above its spool's high-water mark, also within the batch, and raises the marks. */
export async function takeNew(em: EntityManager, received: readonly ReceivedEvent[]): Promise<ReceivedEvent[]> {
  const highest = new Map<string, SpoolKey & { readonly seq: number }>();
  for (const item of received) {
    const key = spoolOf(item);
    const text = spoolText(key);
    if (item.event.seq > (highest.get(text)?.seq ?? 0)) highest.set(text, { ...key, seq: item.event.seq });
  }
  const marks = await raiseMarks(em, [...highest.values()]);
  return received.filter((item) => {
    const text = spoolText(spoolOf(item));
    if (item.event.seq <= (marks.get(text) ?? 0)) return false;
    marks.set(text, item.event.seq);
    return true;
  });
}

export const storeReceived = (em: EntityManager, items: readonly ReceivedEvent[]): Promise<void> =>
  insertEvents(
    em,
    items.map(({ event, nodeId, groupId, receivedAt }) => ({
      id: event.id,
      nodeId,
      groupId,
      spool: { id: event.spool_id, seq: event.seq },
      name: event.name,
      category: categoryOf(event.name),
      severity: severityOf(event),
      at: event.at,
      receivedAt,
      details: event.details,
    })),
  );
