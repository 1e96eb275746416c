import { z } from 'zod';
import { channel, releaseVersion, sha256 } from '@tidegate/contract-manifest';
import { line } from '@tidegate/contract-protocol';
import { GROUP_ROLES } from './access.ts';
import { SIGN_IN_METHODS } from './accounts.ts';
import { eventView, upgradeState, upgradeView } from './node-view.ts';

export const signIn = z.strictObject({ username: line(64).min(1), password: z.string().min(1).max(256) });
export const sessionView = z.object({
  user: z.object({ id: z.uuid(), username: z.string(), role: z.enum(['user', 'super_admin']) }),
  /** What they are in which group; `node_ids`: in these nodes of it only. */
  memberships: z.array(z.object({ group_id: z.uuid(), role: z.enum(GROUP_ROLES), node_ids: z.array(z.uuid()).nullable() })).default([]),
  /** An API token answers with its owner's name and its own limits. */
  via: z.enum(['session', 'api_token']),
  /** How the session was opened; null for an API token. */
  method: z.enum(SIGN_IN_METHODS).nullable().default(null),
  /** Signed in with a one-time password: everything but choosing a new one is refused with password_change_required. */
  password_change_required: z.boolean(),
  /** This installation asks for a second factor: everything but turning it on is refused with second_factor_setup_required. */
  second_factor_setup_required: z.boolean().default(false),
  /** Goes into X-CSRF-Token of every state-changing request of a session; empty for an API token, which needs none. */
  csrf_token: z.string(),
  expires_at: z.iso.datetime(),
});
export type SessionView = z.infer<typeof sessionView>;

const asked = {
  /** Accept it for a node that is offline; it starts when the node is back. */
  queue: z.boolean().default(false),
  /** After so long without an end the manager ends it with upgrade_timeout; without one, as configured. */
  timeout_secs: z
    .int()
    .min(30)
    .max(7 * 86_400)
    .optional(),
};
export const requestUpgrade = z.strictObject({
  version: releaseVersion,
  channel: channel.default('stable' as z.infer<typeof channel>),
  ...asked,
  /** Only this release: the node checks it in addition to the signature, and one that then runs another has failed. */
  expected_manifest_sha256: sha256.optional(),
  /** Try a release again that was reverted on this node; it takes that at most twice, and then only from a person on the node. */
  retry_skipped: z.boolean().default(false),
  /** Also while the node is in maintenance, which otherwise refuses with node_in_maintenance. */
  in_maintenance: z.boolean().default(false),
});
export type RequestUpgrade = z.input<typeof requestUpgrade>;

/** @see upgradeView.action `return` */
export const returnNode = z.strictObject({
  ...asked,
  /** What the caller has seen as the previous version; refused with upgrade_no_previous when it is another one by now. */
  version: releaseVersion.optional(),
});
export type ReturnNode = z.input<typeof returnNode>;

const time = z.iso.datetime({ offset: true });
/** Over all nodes in reach; every condition that is given has to hold. */
export const listUpgrades = z.strictObject({
  state: upgradeState.optional(),
  /** Whether it still runs. */
  running: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
  action: upgradeView.shape.action.optional(),
  node_id: z.uuid().optional(),
  group: line(64).min(1).optional(),
  version: line(64).min(1).optional(),
  error_code: z
    .string()
    .regex(/^[a-z][a-z_]{0,63}$/)
    .optional(),
  requested_by: line(128).min(1).optional(),
  /** When it was requested: from, inclusive, to, exclusive. */
  from: time.optional(),
  to: time.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(500).optional(),
});
export type ListUpgrades = z.output<typeof listUpgrades>;

export const listEvents = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(500).optional(),
});
export const eventPage = z.object({ items: z.array(eventView), next_cursor: z.string().nullable() });
export type EventPage = z.infer<typeof eventPage>;
export const upgradePage = z.object({ items: z.array(upgradeView), next_cursor: z.string().nullable() });
export type UpgradePage = z.infer<typeof upgradePage>;

export const listReleases = z.strictObject({ channel: channel.optional(), limit: z.coerce.number().int().min(1).max(100).default(10) });
export const releaseView = z.object({
  version: z.string(),
  channel: z.string(),
  published_at: z.iso.datetime(),
  notes: z.string(),
  prerelease: z.boolean(),
});
export type ReleaseView = z.infer<typeof releaseView>;
export const releaseList = z.object({
  device_type: z.string(),
  items: z.array(releaseView),
  /** Advisory only: the node verifies. */
  fetched_at: z.iso.datetime(),
  /** The source did not answer; this is what it said last. */
  stale: z.boolean(),
});
export type ReleaseList = z.infer<typeof releaseList>;

/** RFC 9457 with our code and hint. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  instance: z.string().optional(),
  code: z.string(),
  hint: z.string(),
  request_id: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
  /** For request_invalid. */
  fields: z.array(z.object({ path: z.string(), rule: z.string() })).optional(),
});
export type Problem = z.infer<typeof problem>;
