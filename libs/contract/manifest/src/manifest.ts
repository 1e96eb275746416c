import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { assetName, channel, deviceType, releaseVersion, sha256 } from './primitives.ts';
import { collisionKey, slotPathProblem, STATEMENT_FILES } from './slot-path.ts';

const int = (max: number) => z.int().min(0).max(max);
const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/);
const text = (max: number) => z.string().max(max);

const slotPath = z.string().superRefine((path, context) => {
  const problem = slotPathProblem(path);
  if (problem) context.addIssue({ code: 'custom', message: `path ${problem}` });
});

const fileEntry = z.object({
  path: slotPath,
  /** 0644 or 0755 only; owners are ignored. */
  mode: z.enum(['0644', '0755']),
  size: int(LIMITS.artefactBytes),
  sha256,
});
export type FileEntry = z.infer<typeof fileEntry>;

const artefact = z
  .object({
    arch: z.enum(['x64', 'arm64', 'any']),
    /** `full` ships its own runtime, `thin` uses the host's. */
    variant: z.enum(['full', 'thin']),
    name: assetName,
    size: int(LIMITS.artefactBytes).min(1),
    sha256,
    format: z.enum(['tar.gz', 'tar.zst', 'tar']),
    chunk_size: int(LIMITS.chunkBytes).min(64 * 1024),
    chunk_sha256: z.array(sha256).min(1),
    unpacked_size: int(LIMITS.unpackedBytes),
    entrypoint: slotPath,
    files: z.array(fileEntry).min(1).max(LIMITS.fileCount),
  })
  .superRefine((artefact, context) => {
    const issue = (message: string, path: string) => context.addIssue({ code: 'custom', message, path: [path] });
    if (artefact.chunk_sha256.length !== Math.ceil(artefact.size / artefact.chunk_size)) issue('wrong number of chunks', 'chunk_sha256');
    const seen = new Set<string>();
    const folders = new Set<string>();
    let total = 0;
    for (const file of artefact.files) {
      const key = collisionKey(file.path);
      if (seen.has(key)) issue(`path stands twice: ${file.path}`, 'files');
      seen.add(key);
      total += file.size;
      const segments = key.split('/');
      for (let depth = 1; depth < segments.length; depth++) folders.add(segments.slice(0, depth).join('/'));
    }
    for (const folder of folders) if (seen.has(folder)) issue(`path is both a file and a folder: ${folder}`, 'files');
    for (const name of STATEMENT_FILES)
      if (seen.has(name) || folders.has(name)) issue(`path is kept for the signed statement: ${name}`, 'files');
    if (total !== artefact.unpacked_size) issue('does not equal the sum of files', 'unpacked_size');
    const entrypoint = artefact.files.find((file) => file.path === artefact.entrypoint);
    if (entrypoint?.mode !== '0755') issue('is not an executable of files', 'entrypoint');
  });
export type Artefact = z.infer<typeof artefact>;

const delta = z.object({
  from_sha256: sha256,
  name: assetName,
  size: int(LIMITS.artefactBytes),
  sha256,
  format: text(32),
});

const healthCheck = z.discriminatedUnion('kind', [
  z.object({ id, kind: z.literal('http'), path: text(256), port: int(65_535).min(1), timeout_secs: int(60).min(1).default(5) }),
  z.object({ id, kind: z.literal('command'), argv: z.array(text(256)).min(1).max(16), timeout_secs: int(60).min(1).default(5) }),
]);

const migration = z.object({
  id,
  argv: z.array(text(256)).min(1).max(16),
  timeout_secs: int(3600).min(1),
  reversible: z.boolean(),
});

/** One posture value a release wants of its host, compared for drift only. */
const posture = z.record(text(64), z.union([text(256), z.boolean(), z.number()]));

const envVariable = z.object({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/),
  description: text(500).default(''),
  required: z.boolean().default(false),
  secret: z.boolean().default(false),
  default: text(1000).optional(),
});

/**
 * `manifest.json`: what a publisher signs. Unknown fields are ignored, so that newer publishers serve older nodes;
 * semantics an old node must not miss raise `schema`, which it refuses.
 */
export const manifest = z.object({
  schema: z.literal(1),
  device_type: deviceType,
  version: releaseVersion,
  channel,
  released_at: z.iso.datetime(),
  /** Orders statements per device type and channel; never reused. */
  sequence: int(Number.MAX_SAFE_INTEGER).min(1),
  security_floor: z.object({ version: releaseVersion, sequence: int(Number.MAX_SAFE_INTEGER) }).optional(),
  /** sha256 of revoked manifests. */
  revoked: z.array(sha256).max(1000).default([]),
  source: z.object({
    repository: z.url({ protocol: /^https$/ }).max(300),
    revision: z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/),
  }),
  engines: z.object({ agent: releaseVersion.optional(), guard: releaseVersion.optional() }).default({}),
  requires: z
    .object({ free_bytes: int(LIMITS.unpackedBytes).optional(), kernel: text(64).optional(), libc: text(64).optional() })
    .default({}),
  artefacts: z.array(artefact).min(1).max(8),
  deltas: z.array(delta).max(64).default([]),
  config: z.object({ env: z.array(envVariable).max(200).default([]), posture: posture.default({}) }).default({ env: [], posture: {} }),
  migrations: z.array(migration).max(32).default([]),
  snapshot: z.object({ paths: z.array(slotPath).max(32) }).default({ paths: [] }),
  health: z.object({ start_timeout_secs: int(3600).min(1).default(60), checks: z.array(healthCheck).max(16).default([]) }).optional(),
  notes_url: z
    .url({ protocol: /^https$/ })
    .max(500)
    .optional(),
});
export type Manifest = z.infer<typeof manifest>;
