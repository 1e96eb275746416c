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
  url: text(managerUrlProblem).describe('Address of the manager; `wss:`, or `ws:` to this machine'),
  ca_file: file.optional().describe('PEM of the authority of the manager’s certificate'),
  fingerprint_sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/)
    .optional()
    .describe('sha256 of the manager’s certificate, which is then the only one accepted'),
});

const pathSegment = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/);
const source = z
  .object({
    api_base_url: z.url().max(300).describe('`https://api.github.com`, or the REST base of another host'),
    owner: pathSegment.describe('Owner of the repository whose releases are installed'),
    repo: pathSegment.describe('Name of that repository'),
    token_file: file.optional().describe('Token for a private repository, mode 0600; read anew for each attempt'),
    ca_file: file.optional().describe('PEM of the authority of the source’s certificate, instead of the public ones'),
    proxy: text(proxyUrlProblem).optional().describe('`http:` or `https:` proxy on the way to the source'),
    allow_private_addresses: z.boolean().default(false).describe('Whether the source may lie in a private network'),
    allow_loopback_http: z.boolean().default(false).describe('Whether the source may be plain `http:` on this machine'),
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
    .default([...WEEKDAYS])
    .describe('Days on which the window opens'),
  from: clockTime.describe('When it opens, `HH:MM`'),
  to: clockTime.describe('When it closes; not after `from` = on the next day'),
  time_zone: text(timeZoneProblem).default('local').describe('IANA name such as `Europe/Vienna`, or `local`'),
});

/** The node's own policy. Nothing of it can be set over the wire. */
const upgrade = z.object({
  enabled: z.boolean().default(false).describe('Whether this node takes upgrades at all'),
  allowed_channels: z
    .array(channel)
    .max(16)
    .default([channel.parse('stable')])
    .describe('Channels whose releases may be installed'),
  min_version: releaseVersion.nullable().default(null).describe('Oldest version this node may ever run'),
  rollback_grace: z.int().min(0).max(100).default(1).describe('How many minor versions below the highest ever committed one may go'),
  allow_major: z.boolean().default(false).describe('Whether a request may cross a major version'),
  manual_only: z.boolean().default(false).describe('Stage releases, and activate them only on `tidegate-edge apply`'),
  maintenance_window: maintenanceWindow
    .nullable()
    .default(null)
    .describe('When the node may activate; outside it releases are staged and wait'),
  boot_health_window_secs: z
    .int()
    .min(5)
    .max(3600)
    .default(120)
    .describe('How long a candidate has to prove itself; not less than a start may take'),
  boot_health_max_secs: z
    .int()
    .min(0)
    .max(30 * DAY_SECS)
    .default(0)
    .describe('Longest hold of a trial while the manager is out; 0 = no limit'),
  max_boot_attempts: z.int().min(1).max(20).default(3).describe('Starts a candidate has before the guard takes the node back'),
  max_attempts_per_day: z.int().min(1).max(1000).default(10).describe('Attempts in 24 hours; refused ones do not count'),
  min_attempt_interval_secs: z.int().min(0).max(DAY_SECS).default(30).describe('Time between two attempts'),
  // A cap below the slowest accepted speed would let every download time out.
  download_rate_limit: z.int().min(10_000).nullable().default(null).describe('Cap on downloads in bytes per second'),
  mirrors: z.array(source).max(8).default([]).describe('Sources tried in this order when `source` fails; their bytes are verified alike'),
  keep_versions: z.int().min(2).max(20).default(3).describe('Installed versions that are kept after a commit'),
});

const localApi = z.object({
  socket: file.optional().describe('Path of the unix socket; default `<root>/run/agent.sock`'),
  port: z.int().min(0).max(65_535).nullable().default(null).describe('Port on 127.0.0.1 as well; 0 = any free one, which the log names'),
});

/** `config.json` and its fragments. A node without a manager is upgraded by hand; one without a source refuses upgrades. */
export const edgeConfig = z.object({
  name: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[^\u0000-\u001f\u007f]*$/)
    .optional()
    .describe('What the console calls this node; default the host’s name'),
  manager: manager.optional().describe('The manager this node answers to; none = local control only'),
  source: source.optional().describe('Where releases are fetched from'),
  upgrade: upgrade.prefault({}),
  local_api: localApi.prefault({}),
});
export type EdgeConfig = z.infer<typeof edgeConfig>;
