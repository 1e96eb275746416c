import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { CodedError } from '@tidegate/contract-errors';
import { deviceType } from '@tidegate/contract-manifest';
import { WIRE } from '@tidegate/contract-protocol';

const name = z.string().regex(/^[A-Za-z0-9._-]{1,100}$/);

const releaseSource = z.strictObject({
  device_type: deviceType,
  /** Base of a GitHub-like REST API. */
  api_base_url: z.url(),
  owner: name,
  repo: name,
  token_file: z.string().optional(),
  /** https only otherwise. */
  allow_loopback_http: z.boolean().default(false),
});
export type ReleaseSourceConfig = z.infer<typeof releaseSource>;

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
  release_sources: z.array(releaseSource).max(100).default([]),
  node_settings: z.strictObject({ beat_interval_secs: z.number().min(0.2).max(300).default(WIRE.beatIntervalSecs) }).prefault({}),
  upgrade_timeout_secs: z
    .int()
    .min(5)
    .max(30 * 86_400)
    .default(900),
  stale_after_secs: z.number().positive().default(WIRE.staleAfterSecs),
  offline_after_secs: z.number().positive().default(WIRE.offlineAfterSecs),
});
export type ManagerConfig = z.infer<typeof managerConfig>;

/** Scalars that the environment may override: TIDEGATE_DATA_DIR, TIDEGATE_LISTEN_PORT, ... Lists come from the file only. */
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
];

type Json = Record<string, unknown>;
const asObject = (value: unknown): Json => (typeof value === 'object' && value !== null ? { ...(value as Json) } : {});

function override(file: unknown, environment: NodeJS.ProcessEnv): Json {
  const merged = asObject(file);
  for (const path of SCALARS) {
    const text = environment[`TIDEGATE_${path.join('_').toUpperCase()}`];
    if (text === undefined) continue;
    const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
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
