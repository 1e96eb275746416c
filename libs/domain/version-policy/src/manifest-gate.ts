import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import type { Artefact, Manifest, Sha256 } from '@tidegate/contract-manifest';
import { compareVersions } from './compare-versions.ts';
import type { NodeMemory, NodeSelf, UpgradePolicy, UpgradeRequest } from './policy.ts';
import { gateRange, MAX_SKIPPED_RETRIES, type AttemptKind } from './request-gate.ts';

/** After the signature was verified: the signed statement against request, policy and memory. Returns this node's artefact. */
export function gateManifest(
  manifest: Manifest,
  digest: Sha256,
  request: UpgradeRequest,
  kind: AttemptKind,
  context: { readonly policy: UpgradePolicy; readonly memory: NodeMemory; readonly self: NodeSelf },
): Verdict<Artefact> {
  const { policy, memory, self } = context;
  const checks = [
    () => gateIdentity(manifest, digest, request, self),
    () => gateRange(manifest.version, rangeKind(kind, digest, memory), policy, memory),
    () => gateStatement(manifest, digest, memory),
    () => gateMigrations(manifest, memory),
    () => gateSkipList(digest, request, memory),
    () => gateHost(manifest, self),
  ];
  for (const check of checks) {
    const verdict = check();
    if (!verdict.ok) return verdict;
  }
  const artefact = manifest.artefacts.find((one) => (one.arch === self.arch || one.arch === 'any') && one.variant === self.variant);
  if (artefact) return accept(artefact);
  return refuse('upgrade_arch_mismatch', {
    needed: `${self.arch}/${self.variant}`,
    offered: manifest.artefacts.map((one) => `${one.arch}/${one.variant}`),
  });
}

/** What is exempt is the release in the `previous` slot, not its version number: the same number may be published again. */
const rangeKind = (kind: AttemptKind, digest: Sha256, memory: NodeMemory): AttemptKind =>
  kind === 'return' && memory.previous?.digest === digest ? 'return' : 'upgrade';

/** Mix-and-match: a signed statement, but not the one that was asked for. */
function gateIdentity(manifest: Manifest, digest: Sha256, request: UpgradeRequest, self: NodeSelf): Verdict<void> {
  if (manifest.device_type !== self.deviceType)
    return refuse('upgrade_device_type_mismatch', { own: self.deviceType, signed: manifest.device_type });
  if (manifest.version !== request.version)
    return refuse('upgrade_manifest_invalid', { field: 'version', rule: 'is not the requested version', signed: manifest.version });
  if (manifest.channel !== request.channel)
    return refuse('upgrade_channel_not_allowed', { channel: manifest.channel, requested: request.channel });
  if (request.expectedDigest && request.expectedDigest !== digest)
    return refuse('upgrade_provenance_mismatch', { expected: request.expectedDigest, actual: digest });
  return accept(undefined);
}

/** `sequence` orders statements; revocations hold whatever the version. */
function gateStatement(manifest: Manifest, digest: Sha256, memory: NodeMemory): Verdict<void> {
  if (memory.revoked.includes(digest) || manifest.revoked.includes(digest)) return refuse('upgrade_revoked', { digest });
  const floor = floorSequence(manifest.channel, memory);
  if (manifest.sequence < floor) return refuse('upgrade_sequence_too_old', { sequence: manifest.sequence, floor });
  const known = Object.hasOwn(memory.statements, manifest.version) ? memory.statements[manifest.version] : undefined;
  if (known && known.digest !== digest) {
    if (manifest.sequence < known.sequence)
      return refuse('upgrade_sequence_too_old', { sequence: manifest.sequence, known: known.sequence });
    return refuse('upgrade_provenance_mismatch', { expected: known.digest, actual: digest });
  }
  return accept(undefined);
}

/** A nightly's numbers run ahead of those of the stable channel, and must not lock it out. */
function floorSequence(channel: string, { floor, floorSequences }: NodeMemory): number {
  if (Object.keys(floorSequences).length === 0) return floor?.sequence ?? 0;
  return Object.hasOwn(floorSequences, channel) ? (floorSequences[channel] ?? 0) : 0;
}

/** A lower version must be able to live with the data as they are: nothing undoes a migration on the way back. */
function gateMigrations(manifest: Manifest, memory: NodeMemory): Verdict<void> {
  const declared = new Set(manifest.migrations.map((migration) => migration.id));
  const stranded = memory.migrations.find(
    (one) => !one.reversible && compareVersions(one.version, manifest.version) > 0 && !declared.has(one.id),
  );
  return stranded ? refuse('upgrade_migration_irreversible', { migration: stranded.id, since: stranded.version }) : accept(undefined);
}

function gateSkipList(digest: Sha256, request: UpgradeRequest, memory: NodeMemory): Verdict<void> {
  const skipped = memory.skipList.find((one) => one.digest === digest);
  if (!skipped) return accept(undefined);
  if (request.retrySkipped && skipped.retries < MAX_SKIPPED_RETRIES) return accept(undefined);
  return refuse('upgrade_skipped_version', { version: skipped.version, reason: skipped.reason, retries: skipped.retries });
}

function gateHost(manifest: Manifest, self: NodeSelf): Verdict<void> {
  const { agent, guard } = manifest.engines;
  if (agent && compareVersions(self.agentVersion, agent) < 0)
    return refuse('upgrade_engine_too_old', { engine: 'agent', needed: agent, own: self.agentVersion });
  if (guard && (self.guardVersion === null || compareVersions(self.guardVersion, guard) < 0))
    return refuse('upgrade_engine_too_old', { engine: 'guard', needed: guard, own: self.guardVersion });
  const missing = manifest.config.env
    .filter((variable) => variable.required && !self.envNames.has(variable.name))
    .map((variable) => variable.name);
  return missing.length === 0 ? accept(undefined) : refuse('upgrade_env_missing', { names: missing });
}
