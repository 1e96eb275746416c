import { z } from 'zod';
import { channel, releaseVersion } from '@tidegate/contract-manifest';
import { managerUrlProblem } from '@tidegate/adapter-link-ws';
import { WEEKDAYS } from '@tidegate/domain-version-policy';
import { proxyUrlProblem, sourceUrlProblem, timeZoneProblem } from './config-rules.ts';

type Rule = (text: string) => string | null;
const text = (rule: Rule) =>
  z.string().superRefine((value, context) => {
    const problem = rule(value);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  });
const file = z.string().min(1).max(4096);
const DAY_SECS = 86_400;

const manager = z.object({
  url: text(managerUrlProblem),
  ca_file: file.optional(),
  fingerprint_sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/)
    .optional(),
});

const pathSegment = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/);
const source = z
  .object({
    api_base_url: z.url().max(300),
    owner: pathSegment,
    repo: pathSegment,
    token_file: file.optional(),
    ca_file: file.optional(),
    proxy: text(proxyUrlProblem).optional(),
    allow_private_addresses: z.boolean().default(false),
    allow_loopback_http: z.boolean().default(false),
  })
  .superRefine((value, context) => {
    const problem = sourceUrlProblem(value.api_base_url, value.allow_loopback_http);
    if (problem) context.addIssue({ code: 'custom', path: ['api_base_url'], message: problem });
  });
export type SourceConfig = z.infer<typeof source>;

const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);
const maintenanceWindow = z.object({
  days: z
    .array(z.enum(WEEKDAYS))
    .min(1)
    .max(7)
    .default([...WEEKDAYS]),
  from: clockTime,
  to: clockTime,
  time_zone: text(timeZoneProblem).default('local'),
});

/** The node's own policy. Nothing of it can be set over the wire. */
const upgrade = z.object({
  enabled: z.boolean().default(false),
  allowed_channels: z
    .array(channel)
    .max(16)
    .default([channel.parse('stable')]),
  min_version: releaseVersion.nullable().default(null),
  rollback_grace: z.int().min(0).max(100).default(1),
  allow_major: z.boolean().default(false),
  manual_only: z.boolean().default(false),
  maintenance_window: maintenanceWindow.nullable().default(null),
  boot_health_window_secs: z.int().min(5).max(3600).default(120),
  boot_health_max_secs: z
    .int()
    .min(0)
    .max(30 * DAY_SECS)
    .default(0),
  max_boot_attempts: z.int().min(1).max(20).default(3),
  max_attempts_per_day: z.int().min(1).max(1000).default(10),
  min_attempt_interval_secs: z.int().min(0).max(DAY_SECS).default(30),
  // A cap below the slowest accepted speed would let every download time out.
  download_rate_limit: z.int().min(10_000).nullable().default(null),
  mirrors: z.array(source).max(8).default([]),
  data_dir: file.startsWith('/').optional(),
  keep_versions: z.int().min(2).max(20).default(3),
});

const localApi = z.object({
  socket: file.optional(),
  port: z.int().min(0).max(65_535).nullable().default(null),
});

/** `config.json` and its fragments. A node without a manager is upgraded by hand; one without a source refuses upgrades. */
export const edgeConfig = z.object({
  name: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[^\u0000-\u001f\u007f]*$/)
    .optional(),
  manager: manager.optional(),
  source: source.optional(),
  upgrade: upgrade.prefault({}),
  local_api: localApi.prefault({}),
});
export type EdgeConfig = z.infer<typeof edgeConfig>;
