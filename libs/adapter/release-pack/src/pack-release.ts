import { createHash } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';
import { LIMITS, manifest, parseManifest, type Artefact, type Sha256 } from '@tidegate/contract-manifest';
import { canonicalJson } from './canonical-json.ts';
import { packArtefact, type ArtefactRecord } from './pack-artefact.ts';

type ManifestInput = (typeof manifest)['_zod']['input'];
type OptionalPart = 'security_floor' | 'revoked' | 'engines' | 'requires' | 'config' | 'migrations' | 'snapshot' | 'health' | 'notes_url';

export interface PackReleaseOptions extends Partial<Pick<ManifestInput, OptionalPart>> {
  /** Its files become the slot; `manifest.json` and `manifest.sig.bundle` may not be among them at the top. */
  readonly folder: string;
  readonly deviceType: string;
  readonly version: string;
  readonly channel: string;
  /** Orders statements per device type and channel; never reused. */
  readonly sequence: number;
  readonly source: { readonly repository: string; readonly revision: string };
  readonly arch: Artefact['arch'];
  readonly variant: Artefact['variant'];
  /** Path inside the folder that a node starts; must be executable. */
  readonly entrypoint: string;
  /** Created when missing; receives the artefact and manifest.json. */
  readonly outDir: string;
  /** ISO 8601 in UTC. An argument, not the clock: the same inputs give the same bytes. */
  readonly releasedAt: string;
}

export interface PackedRelease {
  /** The exact bytes to sign. */
  readonly manifestBytes: Uint8Array;
  readonly manifestPath: string;
  readonly artefactPath: string;
  /** sha256 of manifestBytes: the release's one identity. */
  readonly digest: Sha256;
}

/**
 * Packs a folder into a release: a deterministic artefact and the canonical manifest that names each of its files.
 * Throws CodedError `upgrade_manifest_invalid` (details: field, rule) for anything a node would refuse, and then leaves
 * neither file behind. Signing is a step of its own.
 */
export async function packRelease(options: PackReleaseOptions): Promise<PackedRelease> {
  await mkdir(options.outDir, { recursive: true });
  const name = `${options.deviceType}-${options.version}-${options.arch}-${options.variant}.tar.gz`;
  // The name becomes a path before the schema has seen its parts.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) throw invalid('artefacts.name', 'no plain file name');
  const { record, artefactPath } = await packArtefact({ ...options, name });
  try {
    const manifestBytes = statementBytes(options, record);
    const manifestPath = join(options.outDir, 'manifest.json');
    await writeFile(`${manifestPath}.partial`, manifestBytes);
    await rename(`${manifestPath}.partial`, manifestPath);
    const digest = createHash('sha256').update(manifestBytes).digest('hex') as Sha256;
    return { manifestBytes, manifestPath, artefactPath, digest };
  } catch (error) {
    await rm(artefactPath, { force: true });
    throw error;
  }
}

const invalid = (field: string, rule: string): CodedError => new CodedError('upgrade_manifest_invalid', { field, rule });

function statementBytes(options: PackReleaseOptions, record: ArtefactRecord): Uint8Array {
  const parsed = manifest.safeParse({
    schema: 1,
    device_type: options.deviceType,
    version: options.version,
    channel: options.channel,
    released_at: options.releasedAt,
    sequence: options.sequence,
    source: options.source,
    artefacts: [record],
    security_floor: options.security_floor,
    revoked: options.revoked,
    engines: options.engines,
    requires: options.requires,
    config: options.config,
    migrations: options.migrations,
    snapshot: options.snapshot,
    health: options.health,
    notes_url: options.notes_url,
  });
  if (!parsed.success) {
    const first = parsed.error.issues[0];
    throw invalid(first?.path.join('.') ?? '', first?.message ?? 'invalid');
  }
  const bytes = new TextEncoder().encode(canonicalJson(parsed.data));
  if (bytes.length > LIMITS.manifestBytes) throw invalid('', 'too large');
  // What a node will read must be what was checked: canonical bytes that do not parse to a manifest are a bug here.
  const reread = parseManifest(bytes);
  if (!reread.ok) throw new CodedError(reread.code, reread.details);
  return bytes;
}
