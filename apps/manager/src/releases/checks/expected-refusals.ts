import { valid, lt } from 'semver';
import type { ErrorCode } from '@tidegate/contract-errors';
import type { ReleaseFacts } from '../release-statements.ts';
import type { CheckedNode } from '../persistence/checked-nodes.ts';

const older = (own: string | null, needed: string | undefined): boolean =>
  needed !== undefined && (own === null || (valid(own) !== null && lt(own, needed)));

/**
 * What the node would refuse the release with, in the order in which it looks, as far as its last report tells. Its own policy
 * (channels, grace, windows) is not known here, so an empty list is no promise.
 */
export function expectedRefusals(release: ReleaseFacts, channel: string, missing: readonly string[], node: CheckedNode): ErrorCode[] {
  const rules: readonly (readonly [ErrorCode, boolean])[] = [
    ['upgrade_not_supported', !node.capabilities.includes('upgrade')],
    ['upgrade_channel_not_allowed', release.channel !== channel],
    ['upgrade_version_too_old', older(release.version, node.versionFloor ?? undefined)],
    ['upgrade_engine_too_old', older(node.softwareVersion, release.engines.agent) || older(node.guardVersion, release.engines.guard)],
    ['upgrade_env_missing', missing.length > 0],
    ['upgrade_arch_mismatch', node.arch !== null && !release.artefacts.some(({ arch }) => arch === 'any' || arch === node.arch)],
  ];
  return rules.flatMap(([code, holds]) => (holds ? [code] : []));
}
