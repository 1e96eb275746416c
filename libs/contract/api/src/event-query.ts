import { z } from 'zod';
import { EVENT_CATEGORIES } from '@tidegate/contract-events';
import { deviceType } from '@tidegate/contract-manifest';
import { line } from '@tidegate/contract-protocol';
import { eventView } from './node-view.ts';

const time = z.iso.datetime({ offset: true });
const SEVERITIES = ['info', 'warning', 'critical'] as const;

/** Which events of all that the caller may see. Times are times of receipt: a node's own clock may be wrong. */
const eventFilter = {
  category: z.enum(EVENT_CATEGORIES).optional(),
  /** This one or a graver one. */
  severity: z.enum(SEVERITIES).optional(),
  name: z
    .string()
    .regex(/^[a-z][a-z_]{0,63}$/)
    .optional(),
  error_code: z
    .string()
    .regex(/^[a-z][a-z_]{0,63}$/)
    .optional(),
  node_id: z.uuid().optional(),
  group: line(64).min(1).optional(),
  device_type: deviceType.optional(),
  from: time.optional(),
  to: time.optional(),
  /** Part of the name or of the details, any case. */
  search: line(128).min(2).optional(),
};

export const queryEvents = z.strictObject({
  ...eventFilter,
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(500).optional(),
});
export type QueryEvents = z.output<typeof queryEvents>;

/** What an open page wants to be told. Without any: everything the caller may see. */
export const openStream = z.strictObject({
  topic: z.enum(['nodes', 'events']).optional(),
  category: eventFilter.category,
  severity: eventFilter.severity,
  node_id: eventFilter.node_id,
});
export type OpenStream = z.output<typeof openStream>;

/** How a reader goes on: `after` the cursor it was given last, or from a time on; from the oldest kept row without either. */
export const pullRecords = z
  .strictObject({
    after: z.string().min(1).max(200).optional(),
    since: time.optional(),
    limit: z.coerce.number().int().min(1).max(1000).default(500),
    /** Seconds to wait for the first row when there is none yet. */
    wait: z.coerce.number().int().min(0).max(30).default(0),
    /** Wins over the Accept header. */
    format: z.enum(['json', 'ndjson']).optional(),
  })
  .refine((query) => query.after === undefined || query.since === undefined, { path: ['since'], message: 'not together with after' });
export type PullRecords = z.output<typeof pullRecords>;

/** An event as a SIEM gets it. Names are stable: fields may be added, none is renamed or removed. */
export const siemEvent = eventView.omit({ at: true, received_at: true }).extend({
  /** Grows by one from row to row, over all groups; rows of groups out of the reader's reach leave holes. */
  position: z.int().min(1),
  /** What to go on after when this row was the last one handled. */
  cursor: z.string(),
  /** When the manager received it. */
  time: z.iso.datetime(),
  /** When it happened by the node's clock, which may be wrong. */
  node_time: z.iso.datetime(),
  device_type: z.string().nullable(),
  group_id: z.uuid().nullable(),
});
export type SiemEvent = z.infer<typeof siemEvent>;

/** `next_cursor` is there also when there is nothing new: it is then the one to ask with again. */
export const siemEventPage = z.object({ items: z.array(siemEvent), next_cursor: z.string() });
export type SiemEventPage = z.infer<typeof siemEventPage>;
