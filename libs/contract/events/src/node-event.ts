import { z } from 'zod';
import { ERRORS, isErrorCode, type Severity } from '@tidegate/contract-errors';

export const EVENT_CATEGORIES = ['upgrade', 'node', 'platform'] as const;
export type EventCategory = (typeof EVENT_CATEGORIES)[number];

export interface EventEntry {
  readonly category: EventCategory;
  readonly severity: Severity;
  readonly meaning: string;
}

/** Everything a node reports. `upgrade_failed` and `upgrade_refused` carry `error_code`; severities of codes stand in the error registry. */
export const EVENTS = {
  upgrade_started: { category: 'upgrade', severity: 'info', meaning: 'An attempt was accepted and has begun.' },
  upgrade_downloaded: { category: 'upgrade', severity: 'info', meaning: 'The artefact was fetched, verified and unpacked.' },
  upgrade_staged: { category: 'upgrade', severity: 'info', meaning: 'The version is complete on disk; activation follows.' },
  upgrade_staged_manual: {
    category: 'upgrade',
    severity: 'info',
    meaning: 'The version is complete on disk and waits for a person on the node.',
  },
  upgrade_completed: { category: 'upgrade', severity: 'info', meaning: 'The candidate proved itself and was committed by the boot guard.' },
  upgrade_rolled_back: {
    category: 'upgrade',
    severity: 'critical',
    meaning: 'The boot guard took the node back to the committed version.',
  },
  upgrade_rollback_failed: { category: 'upgrade', severity: 'critical', meaning: 'The node went back but could not restore everything.' },
  upgrade_failed: { category: 'upgrade', severity: 'warning', meaning: 'The attempt failed before activation; the node runs what it ran.' },
  upgrade_refused: { category: 'upgrade', severity: 'warning', meaning: 'The node’s own policy refused the attempt.' },
  agent_started: {
    category: 'node',
    severity: 'info',
    meaning: 'The agent started; the details say which version and why the last run ended.',
  },
  state_corrupt: { category: 'node', severity: 'critical', meaning: 'state.json was unreadable and has been set aside.' },
  slot_damaged: { category: 'node', severity: 'critical', meaning: 'Files of an installed version differ from its signed list.' },
  slot_unknown: {
    category: 'node',
    severity: 'warning',
    meaning: 'Among the installed versions lie folders that this node did not put there; the boot guard was asked to delete them.',
  },
  events_lost: { category: 'node', severity: 'warning', meaning: 'The event spool was full and dropped events.' },
} as const satisfies Record<string, EventEntry>;
export type EventName = keyof typeof EVENTS;
export const EVENT_NAMES = Object.keys(EVENTS) as [EventName, ...EventName[]];

const detailValue = z.union([z.string().max(2000), z.number(), z.boolean(), z.null(), z.array(z.string().max(500)).max(50)]);

/**
 * At least once: stored on the node until acknowledged, found twice by (spool_id, seq). A spool id is random per spool, so a
 * restored disk image cannot shadow events. `name` is a string on the wire: an older manager stores names it does not know.
 */
export const nodeEvent = z.object({
  id: z.uuid(),
  spool_id: z.uuid(),
  /** Starts at 1 and has no holes within a spool, unless `events_lost` says so. */
  seq: z.int().min(1),
  name: z.string().regex(/^[a-z][a-z_]{0,63}$/),
  severity: z.enum(['info', 'warning', 'critical']),
  /** The node's wall clock, which may be wrong; the manager adds its own time of receipt. */
  at: z.iso.datetime(),
  details: z.record(z.string().max(64), detailValue).default({}),
});
export type NodeEvent = z.infer<typeof nodeEvent>;

const byCode = new Set<string>(['upgrade_failed', 'upgrade_refused'] satisfies EventName[]);

/**
 * How grave an event is. For names we know it stands here and not with the sender, so that neither a node nor an older version plays a
 * failed signature down; those that carry an `error_code` are as grave as the code. Only for names of newer nodes the node's word counts.
 */
export function severityOf(event: Pick<NodeEvent, 'name' | 'severity' | 'details'>): Severity {
  const code = event.details['error_code'];
  if (byCode.has(event.name) && typeof code === 'string' && isErrorCode(code)) return ERRORS[code].severity;
  return Object.hasOwn(EVENTS, event.name) ? EVENTS[event.name as EventName].severity : event.severity;
}

/** Names we do not know come from newer nodes; they are kept. */
export const categoryOf = (name: string): EventCategory => (Object.hasOwn(EVENTS, name) ? EVENTS[name as EventName].category : 'node');

/** The details every event of category `upgrade` carries. */
export const upgradeDetails = z.object({
  attempt_id: z.string().max(64),
  command_id: z.string().max(64).nullable(),
  from_version: z.string().max(64),
  to_version: z.string().max(64),
  channel: z.string().max(32),
  arch: z.string().max(16),
  variant: z.string().max(16),
  error_code: z.string().max(64).optional(),
  reason: z.string().max(200).optional(),
});
export type UpgradeDetails = z.infer<typeof upgradeDetails>;
