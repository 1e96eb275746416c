import { z } from 'zod';
import { deviceType } from '@tidegate/contract-manifest';
import { facts, health, line, nodeId } from '@tidegate/contract-protocol';
import { labelKey, labels, labelSelector, labelValue, MAX_LABELS } from './labels.ts';
import { connection, nodeView, versionBadge } from './node-view.ts';

const time = z.iso.datetime();
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const reason = line(200).min(1);

/** Which nodes; every condition that is given has to hold. Used by lists, counts and bulk requests alike. */
const nodeFilter = {
  /** Part of the name or of a label, or the beginning of the id. */
  search: line(128).optional(),
  group: line(64).optional(),
  device_type: deviceType.optional(),
  /** What runs, exactly. */
  version: line(64).optional(),
  badge: versionBadge.shape.kind.optional(),
  connection: connection.optional(),
  /** `key=value,key`: all of them. */
  labels: labelSelector.optional(),
  maintenance: flag.optional(),
  quarantined: flag.optional(),
  revoked: flag.optional(),
  behind_sequence: flag.optional(),
  trust_differs: flag.optional(),
  guard_outdated: flag.optional(),
};

/** `software_version` sorts as semantic versions do. */
export const NODE_SORTS = ['name', 'software_version', 'last_seen_at', 'enrolled_at', 'group'] as const;
export const listNodes = z.strictObject({
  ...nodeFilter,
  sort: z.enum(NODE_SORTS).default('name'),
  order: z.enum(['asc', 'desc']).default('asc'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(1000).optional(),
});
export const nodePage = z.object({
  items: z.array(nodeView),
  next_cursor: z.string().nullable(),
  /** How many match, on every page the same; counted up to 1,000. */
  total: z.number(),
  /** There are more than `total`; GET /api/v1/nodes/counts tells how many. */
  total_capped: z.boolean().default(false),
});
export type NodePage = z.infer<typeof nodePage>;

export const countNodes = z.strictObject({ ...nodeFilter, by_label: labelKey.optional() });
const counted = z.int().min(0);
export const nodeCounts = z.object({
  total: counted,
  connection: z.record(connection, counted),
  badge: z.record(versionBadge.shape.kind, counted),
  /** Most frequent first, at most 100 of each; null stands for nodes that never sent a beat. */
  versions: z.array(z.object({ software_version: z.string().nullable(), nodes: counted })),
  device_types: z.array(z.object({ device_type: z.string(), nodes: counted })),
  groups: z.array(z.object({ id: z.uuid(), name: z.string(), nodes: counted })),
  maintenance: counted,
  quarantined: counted,
  revoked: counted,
  behind_sequence: counted,
  trust_differs: counted,
  guard_outdated: counted,
  /** With `by_label`: nodes by the value of that label; null stands for those without it. */
  label_values: z.array(z.object({ value: z.string().nullable(), nodes: counted })).nullable(),
});
export type NodeCounts = z.infer<typeof nodeCounts>;

/** A label that is null is taken away, one that is not named stays. */
export const updateNode = z
  .strictObject({
    /** Shown instead of the name the node gives itself; null takes it back. */
    display_name: line(128).min(1).nullable().optional(),
    labels: z
      .record(labelKey, labelValue.nullable())
      .refine((map) => Object.keys(map).length <= 2 * MAX_LABELS, 'too many labels')
      .optional(),
  })
  .refine((body) => body.display_name !== undefined || body.labels !== undefined, 'nothing to change');
export const replaceLabels = z.strictObject({ labels });

export const startMaintenance = z.strictObject({ reason, until: time.optional() });
export const moveNode = z.strictObject({ group: line(64).min(1) });
export const revokeNode = z.strictObject({ reason });
export const releaseNode = z.strictObject({ reason });

/** What a node said of its host and of itself last, whole. Names of environment variables only: values never leave it. */
export const nodeFacts = z.object({
  node_id: nodeId,
  facts: facts.nullable(),
  facts_at: time.nullable(),
  /** A report of a node newer than the manager may lack or add fields. */
  report: health.omit({ type: true, beat: true }).partial().nullable(),
  /** Sent with each beat, kept when it says something new and at least every five minutes. */
  report_at: time.nullable(),
  session: z
    .object({
      epoch: z.int(),
      connected_at: time,
      disconnected_at: time.nullable(),
      run_id: z.string(),
      boot_id: z.string(),
      machine_id: z.string(),
      in_trial: z.boolean(),
    })
    .nullable(),
  key: z.object({
    /** SHA-256 of the raw public key, hex: what to compare with the node. */
    fingerprint: z.string(),
    since: time,
    rotation: z.object({ state: z.enum(['asked', 'offered', 'refused']), asked_at: time, error_code: z.string().nullable() }).nullable(),
  }),
});
export type NodeFacts = z.infer<typeof nodeFacts>;
