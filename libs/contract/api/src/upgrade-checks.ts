import { z } from 'zod';
import { channel, deviceType, releaseVersion } from '@tidegate/contract-manifest';
import { line, nodeId } from '@tidegate/contract-protocol';

const asked = {
  /** Without one: the newest version of the channel. */
  version: releaseVersion.optional(),
  channel: channel.default('stable' as z.infer<typeof channel>),
};
export const checkUpgrade = z.strictObject(asked);
export type CheckUpgrade = z.input<typeof checkUpgrade>;

/** Either some nodes by their ids, or what all of them have in common; an empty filter means every node in reach. */
export const checkUpgrades = z
  .strictObject({
    ...asked,
    node_ids: z.array(z.uuid()).min(1).max(500).optional(),
    filter: z
      .strictObject({ group: line(64).min(1).optional(), device_type: deviceType.optional(), running_version: line(64).optional() })
      .optional(),
    limit: z.int().min(1).max(500).default(100),
    cursor: z.string().max(500).optional(),
  })
  .refine(({ node_ids: ids, filter }) => (ids === undefined) !== (filter === undefined), { path: ['node_ids'] });
export type CheckUpgrades = z.input<typeof checkUpgrades>;

export const CHECK_OUTCOMES = ['up-to-date', 'upgrade-available', 'not-release-sourced', 'product-not-found', 'unknown'] as const;
/**
 * Why the outcome is what it is. `same_version`, `running_newer` (nothing newer in the channel): up-to-date. `newer`, `older` (asked for
 * by number; the node's downgrade rule decides): upgrade-available. `no_source`: not-release-sourced. `version_not_listed`,
 * `version_in_other_channel`, `channel_empty`: product-not-found. The rest: unknown.
 */
export const CHECK_REASONS = [
  'same_version',
  'running_newer',
  'newer',
  'older',
  'no_source',
  'version_not_listed',
  'version_in_other_channel',
  'channel_empty',
  'source_unavailable',
  'node_not_found',
  'node_never_reported',
  'version_not_comparable',
  'check_failed',
] as const;

const environmentVariable = z.object({
  name: z.string(),
  description: z.string(),
  required: z.boolean(),
  secret: z.boolean(),
  /** Whether the node has a variable of this name. */
  present: z.boolean(),
  /** Null without one, and always for a secret. */
  default: z.string().nullable(),
});
/** What the release declares, beside the release that runs and the names the node has. Values never leave a node. */
export const environmentDrift = z.object({
  /** Declared by the release and not by the one that runs; when that is not known: declared and not on the node. */
  added: z.array(environmentVariable),
  /** Declared by the one that runs and no more by this release; null when the running one's declaration is not known. */
  removed: z.array(z.string()).nullable(),
  /** Required by this release and not by the one that runs. */
  newly_required: z.array(z.string()),
  /** Required and not on the node: it would refuse with upgrade_env_missing. */
  missing: z.array(z.string()),
});
const postureValue = z.union([z.string(), z.boolean(), z.number()]);
/** `reported` is null when the node says nothing of it. */
export const postureDrift = z.array(z.object({ name: z.string(), wanted: postureValue, reported: postureValue.nullable() }));

export const upgradeCheck = z.object({
  node_id: nodeId,
  outcome: z.enum(CHECK_OUTCOMES),
  reason: z.enum(CHECK_REASONS),
  device_type: z.string().nullable(),
  running_version: z.string().nullable(),
  /** What was asked for, or the newest of the channel. */
  version: z.string().nullable(),
  channel: z.string(),
  /** The release's signed statement as this manager read it; null when it was not read. Advisory: the node verifies for itself. */
  statement: z
    .object({
      manifest_sha256: z.string(),
      /** `unverified`: this manager has no trust anchor for the device type. `refused`: it has one, and the signature does not hold. */
      verification: z.enum(['verified', 'unverified', 'refused']),
      /** With `refused`. */
      error_code: z.string().nullable(),
      source_revision: z.string().nullable(),
    })
    .nullable(),
  /** Null when the statement could not be read or was refused. */
  environment: environmentDrift.nullable(),
  posture: postureDrift.nullable(),
  /** What the node would refuse with, as far as it can be told from here. */
  expected_refusals: z.array(z.string()),
  checked_at: z.iso.datetime(),
});
export type UpgradeCheck = z.infer<typeof upgradeCheck>;
export type EnvironmentDrift = z.infer<typeof environmentDrift>;
export type PostureDrift = z.infer<typeof postureDrift>;

export const upgradeChecks = z.object({ items: z.array(upgradeCheck), next_cursor: z.string().nullable() });
export type UpgradeChecksPage = z.infer<typeof upgradeChecks>;
