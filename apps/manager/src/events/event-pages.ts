import { Injectable } from '@nestjs/common';
import type { EventPage, QueryEvents } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may, reach } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { SignedIn } from '../auth/index.ts';
import {
  positionBefore,
  positionUntil,
  selectEventsBefore,
  viewOfEvent,
  type EventFilter,
  type EventWindow,
  type StoredEvent,
} from '../event-log/index.ts';
import { findNode } from '../nodes/index.ts';
import { Database, decodeCursor, encodeCursor } from '../platform/index.ts';
import { readHead, Sequencer } from '../sequence/index.ts';

const cursorSchema = z.strictObject({ before: z.int().min(1) });

/** Events for people: newest first, filtered. */
@Injectable()
export class EventPages {
  constructor(
    private readonly database: Database,
    private readonly sequencer: Sequencer,
  ) {}

  async list(caller: SignedIn, { limit, cursor, from, to, ...rest }: QueryEvents): Promise<EventPage> {
    const filter = { ...rest, ...(from !== undefined && { from: new Date(from) }), ...(to !== undefined && { to: new Date(to) }) };
    return await this.page({ filter, reach: reach(caller.principal, 'event.read'), limit }, cursor);
  }

  /** @throws CodedError node_not_found, also for a node that the caller may not see */
  async ofNode(caller: SignedIn, nodeId: string, query: { limit: number; cursor?: string | undefined }): Promise<EventPage> {
    const node = await this.database.read((em) => findNode(em, nodeId));
    if (!node || !may(caller.principal, 'event.read', { groupId: node.groupId, nodeId })) throw new CodedError('node_not_found');
    // Whoever sees the node sees its past, also from before it was moved to this group.
    return await this.page({ filter: { node_id: nodeId }, reach: null, limit: query.limit }, query.cursor);
  }

  private async page(window: EventWindow, cursor: string | undefined): Promise<EventPage> {
    const before = decodeCursor(cursorSchema, cursor)?.before ?? null;
    const read = (): Promise<StoredEvent[]> =>
      this.database.read(async (em) => {
        const bounds = await boundsOf(em, window.filter);
        return await selectEventsBefore(em, { ...window, ...bounds, limit: window.limit + 1 }, before);
      });
    let rows = await read();
    // A page that ends among events without a position could not say where the next one begins.
    if (rows.length > window.limit && rows[window.limit - 1]?.position === null) {
      await this.sequencer.settle('events');
      rows = await read();
    }
    const items = rows.slice(0, window.limit);
    const lowest = items.at(-1)?.position ?? null;
    const more = rows.length > window.limit && lowest !== null;
    return { items: items.map(viewOfEvent), next_cursor: more ? encodeCursor({ before: lowest }) : null };
  }
}

/** Where in the order the asked times lie: the newest rows would be read through otherwise, to find those of last month. */
async function boundsOf(em: EntityManager, { from, to }: EventFilter): Promise<{ after?: number; until?: number }> {
  if (!from && !to) return {};
  const { position: head } = await readHead(em, 'events');
  return {
    ...(from && { after: await positionBefore(em, from, head) }),
    ...(to && { until: await positionUntil(em, to, head) }),
  };
}
