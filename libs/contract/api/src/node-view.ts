import { z } from 'zod';
import { attemptState } from '@tidegate/contract-events';
import { nodeId } from '@tidegate/contract-protocol';

const time = z.iso.datetime();

/** `queued`: waits for the node; `sent`: on its way, not yet acknowledged; from then on what the node attests. */
export const upgradeState = z.union([z.enum(['queued', 'sent']), attemptState]);
export type UpgradeState = z.infer<typeof upgradeState>;

export const upgradeView = z.object({
  /** Also the id of the command on the wire. */
  id: z.uuid(),
  node_id: nodeId,
  /** `return`: to the version the node had before, as it lies on its disk. */
  action: z.enum(['upgrade', 'return']),
  version: z.string(),
  channel: z.string(),
  from_version: z.string().nullable(),
  /** The digest of the manifest it is pinned to; holds in addition to the signature. */
  expected_manifest_sha256: z.string().nullable().default(null),
  /** Asked to try a release again that was reverted on this node before. */
  retry_skipped: z.boolean().default(false),
  state: upgradeState,
  /** Bytes while fetching. */
  progress: z.object({ received_bytes: z.number(), total_bytes: z.number() }).nullable(),
  error_code: z.string().nullable(),
  /** Details of the code, such as the identity that signed. */
  error_details: z.record(z.string(), z.unknown()),
  requested_by: z.string(),
  requested_at: time,
  /** The manager ends the upgrade with upgrade_timeout when nothing is heard by then. */
  deadline_at: time,
  finished_at: time.nullable(),
  /** Each state with the time the manager learned of it. */
  steps: z.array(
    z.object({
      state: upgradeState,
      at: time,
      /** Staged, and nothing happens until a person on the node applies it. */
      waits_for: z.enum(['person']).optional(),
    }),
  ),
});
export type UpgradeView = z.infer<typeof upgradeView>;

export const versionBadge = z.object({
  kind: z.enum(['none', 'upgrading', 'updated', 'upgrade_failed', 'upgrade_refused', 'rolled_back']),
  /** The phase while upgrading. */
  phase: upgradeState.nullable(),
  to_version: z.string().nullable(),
  error_code: z.string().nullable(),
  since: time.nullable(),
});
export type VersionBadge = z.infer<typeof versionBadge>;

/** `respawning`: disconnected in the middle of an activation, which is no outage. */
export const connection = z.enum(['online', 'respawning', 'stale', 'offline', 'never']);
export type Connection = z.infer<typeof connection>;

export const nodeView = z.object({
  id: nodeId,
  /** The display name where people gave one, otherwise what the node calls itself. */
  name: z.string(),
  display_name: z.string().nullable().default(null),
  group: z.string(),
  group_id: z.uuid().nullable().default(null),
  labels: z.record(z.string(), z.string()).default({}),
  device_type: z.string(),
  software_version: z.string().nullable(),
  committed_version: z.string().nullable(),
  previous_version: z.string().nullable(),
  badge: versionBadge,
  connection,
  last_seen_at: time.nullable(),
  enrolled_at: time,
  capabilities: z.array(z.string()),
  os: z.string(),
  arch: z.string(),
  guard_version: z.string().nullable(),
  trust_fingerprint: z.string().nullable(),
  trust_purpose: z.string().nullable(),
  /** Another node of this device type has verified a newer signed statement: this one lags, or is kept from it. */
  behind_sequence: z.boolean().default(false),
  /** Its trust fingerprint is not the one most nodes of this device type report. */
  trust_differs: z.boolean().default(false),
  /** Another node of this device type runs a newer boot guard. */
  guard_outdated: z.boolean().default(false),
  /** Takes no part in rollouts until `until`, or until a person ends it. */
  maintenance: z.object({ reason: z.string(), since: time, until: time.nullable(), by: z.string() }).nullable().default(null),
  /** Its identity is used by two machines; takes no part in rollouts until a person releases it. */
  quarantine: z
    .object({ reason: z.enum(['clone']), since: time, details: z.record(z.string(), z.unknown()) })
    .nullable()
    .default(null),
  /** Its key is not accepted any more. */
  revoked_at: time.nullable().default(null),
  /** Decommissioned: in no list and no count. */
  removed_at: time.nullable().default(null),
  key_rotation: z.enum(['asked', 'offered', 'refused']).nullable().default(null),
  /** Counts changes that people make; the ETag of this node. */
  revision: z.int().default(1),
  failing_checks: z.array(z.string()),
  /** The newest upgrade of this node, running or ended. */
  upgrade: upgradeView.nullable(),
});
export type NodeView = z.infer<typeof nodeView>;

export const eventView = z.object({
  id: z.uuid(),
  /** Who noticed it. */
  source: z.enum(['node', 'manager']).default('node'),
  /** null for what concerns no single node. */
  node_id: nodeId.nullable(),
  node_name: z.string().nullable().default(null),
  /** Name of the group it belongs to; null for what concerns the installation. */
  group: z.string().nullable().default(null),
  name: z.string(),
  category: z.string(),
  severity: z.enum(['info', 'warning', 'critical']),
  error_code: z.string().nullable().default(null),
  at: time,
  received_at: time,
  details: z.record(z.string(), z.unknown()),
});
export type EventView = z.infer<typeof eventView>;
