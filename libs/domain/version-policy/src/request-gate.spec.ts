import { describe, expect, it } from '@jest/globals';
import { releaseVersion, sha256, type Channel } from '@tidegate/contract-manifest';
import { gateRequest, type NodeMemory, type UpgradePolicy } from './index.ts';

const v = (text: string) => releaseVersion.parse(text);
const digest = (character: string) => sha256.parse(character.repeat(64));
const policy: UpgradePolicy = {
  enabled: true,
  allowedChannels: ['stable' as Channel],
  minVersion: null,
  rollbackGrace: 1,
  allowMajor: false,
  maxAttemptsPerDay: 3,
  minAttemptIntervalSecs: 30,
  manualOnly: false,
  maintenanceWindow: null,
};
const memory: NodeMemory = {
  running: v('1.5.0'),
  runningDigest: digest('5'),
  previous: { version: v('1.2.0'), digest: digest('2') },
  highestCommitted: v('1.5.0'),
  floor: null,
  floorSequences: {},
  revoked: [],
  statements: {},
  skipList: [],
  migrations: [],
};

/** The same table stands in docs/version-policy.md. */
const rows: readonly [what: string, version: string, answer: string, policy?: Partial<UpgradePolicy>, memory?: Partial<NodeMemory>][] = [
  ['newer', '1.6.0', 'upgrade'],
  ['newer patch of an older minor, one behind (a backport)', '1.4.3', 'upgrade'],
  ['one minor behind the highest', '1.4.0', 'upgrade'],
  ['two minors behind the highest', '1.3.9', 'upgrade_version_too_old'],
  ['two minors behind, with more grace', '1.3.0', 'upgrade', { rollbackGrace: 2 }],
  ['the previous slot, three behind', '1.2.0', 'return'],
  ['the previous slot below min_version', '1.2.0', 'upgrade_version_too_old', { minVersion: v('1.3.0') }],
  ['the previous slot below the signed floor', '1.2.0', 'upgrade_version_too_old', {}, { floor: { version: v('1.4.0'), sequence: 4 } }],
  ['the previous slot of another major', '0.9.0', 'return', {}, { previous: { version: v('0.9.0'), digest: null } }],
  ['the next major', '2.0.0', 'upgrade_major_not_allowed'],
  ['the next major, allowed', '2.0.0', 'upgrade', { allowMajor: true }],
  ['an older major, allowed, is still out of grace', '0.9.0', 'upgrade_version_too_old', { allowMajor: true }],
  ['a pre-release of what runs', '1.5.0-rc.1', 'upgrade'],
  ['grace counts from the highest ever committed, not from what runs', '1.3.0', 'upgrade_version_too_old', {}, { running: v('1.4.0') }],
  ['what runs', '1.5.0', 'upgrade_already_current'],
  ['a channel not allowed', '1.6.0', 'upgrade_channel_not_allowed', { allowedChannels: [] }],
  ['anything, switched off', '1.6.0', 'upgrade_disabled', { enabled: false }],
];

describe('the gate before any download', () => {
  it.each(rows)('%s (%s) -> %s', (_, version, answer, policyChange = {}, memoryChange = {}) => {
    const request = { version: v(version), channel: 'stable' as Channel, expectedDigest: null, retrySkipped: false };
    const verdict = gateRequest(request, { ...policy, ...policyChange }, { ...memory, ...memoryChange }, []);
    expect(verdict.ok ? verdict.value : verdict.code).toBe(answer);
  });

  it.each([
    [[29], 'upgrade_rate_limited'],
    [[31], 'upgrade'],
    [[31, 4000, 80_000], 'upgrade_rate_limited'],
    [[31, 4000, 90_000], 'upgrade'],
  ])('attempts %p seconds ago -> %s', (ages, answer) => {
    const request = { version: v('1.6.0'), channel: 'stable' as Channel, expectedDigest: null, retrySkipped: false };
    const verdict = gateRequest(request, policy, memory, ages);
    expect(verdict.ok ? verdict.value : verdict.code).toBe(answer);
  });
});
