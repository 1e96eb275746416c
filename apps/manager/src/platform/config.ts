import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { CodedError } from '@tidegate/contract-errors';
import { WIRE } from '@tidegate/contract-protocol';
import { oidc } from './oidc-config.ts';
import { discovery, mirror, releaseSources } from './release-config.ts';
import { secretsConfig } from './secrets/secrets-config.ts';
import { limits, metrics, tls, trustProxy } from './serving-config.ts';

/** The manager's configuration file. Unknown keys are refused: a mistyped one must not be silently without effect. */
export const managerConfig = z.strictObject({
  listen: z.strictObject({ host: z.string().default('127.0.0.1'), port: z.int().min(0).max(65_535) }),
  data_dir: z.string().min(1),
  /** A PostgreSQL of your own; without it the manager starts one under data_dir/postgres. */
  database_url: z.string().optional(),
  console_dir: z.string().optional(),
  /** The address people type, e.g. https://tidegate.example; with https the session cookie is `__Host-` and Secure. */
  public_origin: z.url().optional(),
  /** Without it the console and the API are served as plain http, for this machine or for a proxy in front. */
  tls,
  trust_proxy: trustProxy,
  metrics,
  limits,
  /** The first account of an empty installation. Without a password file it is made with `tidegate-manager create-admin`. */
  admin: z.strictObject({ username: z.string().min(1).max(64).default('admin'), password_file: z.string().optional() }).prefault({}),
  /** Who has to turn a second factor on; until then nothing else is open to them. It does not concern API tokens. */
  require_second_factor: z.enum(['nobody', 'super_admins', 'everybody']).default('nobody'),
  secrets: secretsConfig,
  oidc,
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
      /** PEM of an Ed25519 key that is to sign the audit trail's heads; taken over into the database once. Without it one is made there. */
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
/** A provider sends people back to an address that it knows beforehand; no request may choose it. */
const wholeConfig = managerConfig.refine((config) => !config.oidc || config.public_origin !== undefined, { path: ['public_origin'] });

interface Setting {
  readonly path: readonly string[];
  readonly schema: z.ZodType;
}

function unwrapped(schema: z.ZodType): z.ZodType {
  const wrapped = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  return wrapped ? unwrapped(schema.unwrap() as z.ZodType) : schema;
}

function settingsOf(schema: z.ZodType, path: readonly string[] = []): Setting[] {
  const inner = unwrapped(schema);
  if (!(inner instanceof z.ZodObject)) return [{ path, schema: inner }];
  return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([key, value]) => settingsOf(value, [...path, key]));
}

/** What the environment may override, by name: TIDEGATE_DATA_DIR, TIDEGATE_LISTEN_PORT, ... A list is given whole, as JSON. */
export const SETTINGS: ReadonlyMap<string, Setting> = new Map(
  settingsOf(managerConfig).map((setting) => [`TIDEGATE_${setting.path.join('_').toUpperCase()}`, setting]),
);

type Json = Record<string, unknown>;
const asObject = (value: unknown): Json => (typeof value === 'object' && value !== null ? { ...(value as Json) } : {});

/** A user may be called 123; only where the setting takes no text is something else looked for in it. The schema names what is wrong. */
function valueOf(text: string, schema: z.ZodType): unknown {
  if (schema.safeParse(text).success) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function withValue(object: unknown, [key = '', ...rest]: readonly string[], value: unknown): Json {
  const copy = asObject(object);
  return { ...copy, [key]: rest.length === 0 ? value : withValue(copy[key], rest, value) };
}

function override(file: unknown, environment: NodeJS.ProcessEnv): Json {
  let merged = asObject(file);
  for (const [name, { path, schema }] of SETTINGS) {
    const text = environment[name];
    if (text !== undefined) merged = withValue(merged, path, valueOf(text, schema));
  }
  return merged;
}

/** @throws CodedError config_invalid; details name each field and rule, never a value (a URL may hold a password). */
export function parseConfig(file: unknown, environment: NodeJS.ProcessEnv = {}): ManagerConfig {
  // The configuration holds what this key opens.
  if ('key' in asObject(asObject(file)['secrets']))
    throw new CodedError('config_invalid', { problems: ['secrets.key: from the environment only'] });
  const parsed = wholeConfig.safeParse(override(file, environment));
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
