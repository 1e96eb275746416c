import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { CodedError } from '@tidegate/contract-errors';
import { WIRE } from '@tidegate/contract-protocol';
import { discovery, mirror, releaseSources } from './release-config.ts';

/** The manager's configuration file. Unknown keys are refused: a mistyped one must not be silently without effect. */
export const managerConfig = z.strictObject({
  listen: z.strictObject({ host: z.string().default('127.0.0.1'), port: z.int().min(0).max(65_535) }),
  data_dir: z.string().min(1),
  /** A PostgreSQL of your own; without it the manager starts one under data_dir/postgres. */
  database_url: z.string().optional(),
  console_dir: z.string().optional(),
  /** The address people type, e.g. https://tidegate.example; with https the session cookie is `__Host-` and Secure. */
  public_origin: z.url().optional(),
  admin: z.strictObject({ username: z.string().min(1).max(64).default('admin'), password_file: z.string() }),
  release_sources: releaseSources,
  discovery,
  mirror,
  node_settings: z.strictObject({ beat_interval_secs: z.number().min(0.2).max(300).default(WIRE.beatIntervalSecs) }).prefault({}),
  upgrade_timeout_secs: z
    .int()
    .min(5)
    .max(30 * 86_400)
    .default(900),
  stale_after_secs: z.number().positive().default(WIRE.staleAfterSecs),
  offline_after_secs: z.number().positive().default(WIRE.offlineAfterSecs),
  /** Events go month by month; the audit trail goes up to a signed head, from which the rest can still be verified. */
  retention: z
    .strictObject({ events_days: z.int().min(1).max(3650).default(90), audit_days: z.int().min(1).max(3650).default(400) })
    .prefault({}),
  audit: z
    .strictObject({
      /** PEM of the Ed25519 key that signs the audit trail's heads; made under data_dir at first start when absent. Replicas share one. */
      signing_key_file: z.string().min(1).optional(),
      /** Public keys (raw, base64url) that signed earlier heads, or sign them on other replicas. */
      trusted_keys: z
        .array(z.string().regex(/^[A-Za-z0-9_-]{43}$/))
        .max(20)
        .default([]),
    })
    .prefault({}),
});
export type ManagerConfig = z.infer<typeof managerConfig>;

/** Scalars that the environment may override: TIDEGATE_DATA_DIR, TIDEGATE_LISTEN_PORT, ... Of lists, only the remotes of discovery do (as JSON). */
const SCALARS: readonly (readonly string[])[] = [
  ['listen', 'host'],
  ['listen', 'port'],
  ['data_dir'],
  ['database_url'],
  ['console_dir'],
  ['public_origin'],
  ['admin', 'username'],
  ['admin', 'password_file'],
  ['node_settings', 'beat_interval_secs'],
  ['upgrade_timeout_secs'],
  ['stale_after_secs'],
  ['offline_after_secs'],
  ['discovery', 'check_every_secs'],
  ['mirror', 'enabled'],
  ['mirror', 'token_file'],
  ['mirror', 'max_bytes'],
  ['mirror', 'max_downloads'],
  ['discovery', 'remotes'],
  ['retention', 'events_days'],
  ['retention', 'audit_days'],
  ['audit', 'signing_key_file'],
];

type Json = Record<string, unknown>;
const asObject = (value: unknown): Json => (typeof value === 'object' && value !== null ? { ...(value as Json) } : {});

/** What is not to be had from a text stays one, and the schema names the field. */
function valueOf(text: string): unknown {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  if (!text.startsWith('[')) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function override(file: unknown, environment: NodeJS.ProcessEnv): Json {
  const merged = asObject(file);
  for (const path of SCALARS) {
    const text = environment[`TIDEGATE_${path.join('_').toUpperCase()}`];
    if (text === undefined) continue;
    const value = valueOf(text);
    const [first = '', second] = path;
    if (second === undefined) merged[first] = value;
    else merged[first] = { ...asObject(merged[first]), [second]: value };
  }
  return merged;
}

/** @throws CodedError config_invalid; details name each field and rule, never a value (a URL may hold a password). */
export function parseConfig(file: unknown, environment: NodeJS.ProcessEnv = {}): ManagerConfig {
  const parsed = managerConfig.safeParse(override(file, environment));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [];
    return `${[...issue.path, ...keys].join('.')}: ${issue.code}`;
  });
  throw new CodedError('config_invalid', { problems });
}

export async function readConfig(path: string, environment: NodeJS.ProcessEnv): Promise<ManagerConfig> {
  let file: unknown;
  try {
    file = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new CodedError('config_invalid', { file: path, problems: ['not a readable JSON file'] }, { cause });
  }
  return parseConfig(file, environment);
}
