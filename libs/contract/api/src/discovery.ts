import { z } from 'zod';
import { deviceType } from '@tidegate/contract-manifest';

const time = z.iso.datetime();
const commit = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/);

/** A git remote as people may see it. Remotes come from the manager's configuration only; no request names one. */
export const discoveryRemote = z.object({
  device_type: z.string(),
  /** Without user, password and query. */
  url: z.string(),
  tag_pattern: z.string(),
  /** Last answer of the remote, whatever it said; null before the first. */
  checked_at: time.nullable(),
  /** Why the last check of this remote failed; the tags shown are then those of the last one that did not. */
  error_code: z.string().nullable(),
  /** Tags that are versions of this product. */
  version_count: z.int(),
  newest_version: z.string().nullable(),
});
export type DiscoveryRemote = z.infer<typeof discoveryRemote>;

export const discoveryStatus = z.object({
  /** False without a remote in the configuration; everything below is then its default. */
  configured: z.boolean(),
  checking: z.boolean(),
  /** End of the last check that ran to its end. */
  checked_at: time.nullable(),
  /** When the next one comes by itself. */
  next_check_at: time.nullable(),
  /** Goes up with every change of what is stored. */
  revision: z.int(),
  remotes: z.array(discoveryRemote),
});
export type DiscoveryStatus = z.infer<typeof discoveryStatus>;

export const listCandidates = z.strictObject({
  device_type: deviceType.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(20),
});
export const discoveryCandidate = z.object({
  version: z.string(),
  channel: z.string(),
  tag: z.string(),
  /** What the tag stands for in the end: the commit a release of this version must have been built from. */
  commit,
  /** The annotated tag itself; null for a plain one. */
  tag_object: commit.nullable(),
});
export type DiscoveryCandidate = z.infer<typeof discoveryCandidate>;
export const discoveryCandidates = z.object({
  configured: z.boolean(),
  device_types: z.array(
    z.object({
      device_type: z.string(),
      /** The lowest version that a node of this device type has committed; candidates are newer. Null: no node has. */
      above: z.string().nullable(),
      /** Newest first. */
      items: z.array(discoveryCandidate),
      /** How many there are; `items` may be fewer. */
      total: z.int(),
    }),
  ),
});
export type DiscoveryCandidates = z.infer<typeof discoveryCandidates>;
