import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import type { ReleaseVersion } from '@tidegate/contract-manifest';
import { compareVersions, parts } from './compare-versions.ts';
import type { AttemptAges, NodeMemory, UpgradePolicy, UpgradeRequest } from './policy.ts';

export type AttemptKind = 'upgrade' | 'return';
const DAY_SECS = 86_400;
export const MAX_SKIPPED_RETRIES = 2;

/** Before any byte is fetched: what is requested against the node's policy and memory. */
export function gateRequest(request: UpgradeRequest, policy: UpgradePolicy, memory: NodeMemory, ages: AttemptAges): Verdict<AttemptKind> {
  const version = request.version;
  if (!policy.enabled) return refuse('upgrade_disabled');
  if (!policy.allowedChannels.includes(request.channel))
    return refuse('upgrade_channel_not_allowed', { channel: request.channel, allowed: policy.allowedChannels });
  if (version === memory.running && (request.expectedDigest === null || request.expectedDigest === memory.runningDigest))
    return refuse('upgrade_already_current', { version });
  const kind: AttemptKind = memory.previous?.version === version ? 'return' : 'upgrade';
  const range = gateRange(version, kind, policy, memory);
  if (!range.ok) return range;
  const frequency = gateFrequency(policy, ages);
  return frequency.ok ? accept(kind) : frequency;
}

/**
 * A lower version is allowed within `rollbackGrace` minor versions of the highest one ever committed here; the `previous`
 * slot is exempt from grace and major, never from the floor and min_version.
 */
export function gateRange(version: ReleaseVersion, kind: AttemptKind, policy: UpgradePolicy, memory: NodeMemory): Verdict<void> {
  const tooOld = (rule: string, limit: string) => refuse('upgrade_version_too_old', { rule, limit, version });
  if (policy.minVersion && compareVersions(version, policy.minVersion) < 0) return tooOld('min_version', policy.minVersion);
  if (memory.floor && compareVersions(version, memory.floor.version) < 0) return tooOld('floor', memory.floor.version);
  if (kind === 'return') return accept(undefined);
  const asked = parts(version);
  const highest = parts(memory.highestCommitted);
  if (asked.major !== parts(memory.running).major && !policy.allowMajor)
    return refuse('upgrade_major_not_allowed', { running: memory.running, version });
  if (compareVersions(version, memory.highestCommitted) >= 0) return accept(undefined);
  if (asked.major !== highest.major || highest.minor - asked.minor > policy.rollbackGrace)
    return tooOld('rollback_grace', memory.highestCommitted);
  return accept(undefined);
}

/** A manager that has gone bad may not flap a node. */
function gateFrequency(policy: UpgradePolicy, ages: AttemptAges): Verdict<void> {
  const [newest] = ages;
  if (newest !== undefined && newest < policy.minAttemptIntervalSecs)
    return refuse('upgrade_rate_limited', {
      rule: 'min_attempt_interval_secs',
      retry_after_secs: Math.ceil(policy.minAttemptIntervalSecs - newest),
    });
  if (ages.filter((age) => age < DAY_SECS).length >= policy.maxAttemptsPerDay)
    return refuse('upgrade_rate_limited', { rule: 'max_attempts_per_day', limit: policy.maxAttemptsPerDay });
  return accept(undefined);
}
