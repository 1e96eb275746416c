import { z } from 'zod';
import { channel, releaseVersion } from '@tidegate/contract-manifest';
import { managerUrlProblem } from '@tidegate/adapter-link-ws';

const managerUrl = z.string().superRefine((text, context) => {
  const problem = managerUrlProblem(text);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});

const manager = z.object({
  url: managerUrl,
  /** PEM of the authority of the manager's certificate. */
  ca_file: z.string().min(1).optional(),
  /** sha256 of the manager's certificate. */
  fingerprint_sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/)
    .optional(),
});

const pathSegment = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/);
const source = z.object({
  api_base_url: z.url({ protocol: /^https?$/ }),
  owner: pathSegment,
  repo: pathSegment,
  /** Read anew for each attempt; must be mode 0600. */
  token_file: z.string().min(1).optional(),
  allow_loopback_http: z.boolean().default(false),
});

/** The node's own policy. Nothing of it can be set over the wire. Defaults: semantics of docs/node-disk.md. */
const upgrade = z.object({
  enabled: z.boolean().default(false),
  allowed_channels: z
    .array(channel)
    .max(16)
    .default([channel.parse('stable')]),
  min_version: releaseVersion.optional(),
  rollback_grace: z.int().min(0).max(100).default(1),
  allow_major: z.boolean().default(false),
  boot_health_window_secs: z.int().min(5).max(3600).default(120),
  /** Longest hold while the manager is out; 0 = no limit. */
  boot_health_max_secs: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(0),
  max_boot_attempts: z.int().min(1).max(20).default(3),
  max_attempts_per_day: z.int().min(1).max(1000).default(10),
  min_attempt_interval_secs: z.int().min(0).max(86_400).default(30),
  keep_versions: z.int().min(2).max(20).default(3),
});

/** `config.json`. A node without a source still runs and reports; its upgrades are refused. */
export const edgeConfig = z.object({
  manager,
  name: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[^\u0000-\u001f\u007f]*$/)
    .optional(),
  source: source.optional(),
  upgrade: upgrade.prefault({}),
});
export type EdgeConfig = z.infer<typeof edgeConfig>;
