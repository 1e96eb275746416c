import { describe, expect, it } from '@jest/globals';
import { manifest, releaseVersion, sha256, type Channel, type DeviceType, type Manifest } from '@tidegate/contract-manifest';
import { gateManifest, type NodeMemory, type NodeSelf, type UpgradeRequest } from './index.ts';

const v = (text: string) => releaseVersion.parse(text);
const digest = (character: string) => sha256.parse(character.repeat(64));
const own = digest('a');
const signed = (change: Record<string, unknown> = {}): Manifest =>
  manifest.parse({
    schema: 1,
    device_type: 'edge',
    version: '1.6.0',
    channel: 'stable',
    released_at: '2026-01-01T00:00:00Z',
    sequence: 60,
    source: { repository: 'https://example.com/edge', revision: 'b'.repeat(40) },
    artefacts: (['x64', 'arm64'] as const).map((arch) => ({
      arch,
      variant: 'full',
      name: `edge-${arch}.tar.gz`,
      size: 10,
      sha256: digest('c'),
      format: 'tar.gz',
      chunk_size: 65_536,
      chunk_sha256: [digest('c')],
      unpacked_size: 1,
      entrypoint: 'bin/edge',
      files: [{ path: 'bin/edge', mode: '0755', size: 1, sha256: digest('d') }],
    })),
    ...change,
  });
const request: UpgradeRequest = { version: v('1.6.0'), channel: 'stable' as Channel, expectedDigest: null, retrySkipped: false };
const memory: NodeMemory = {
  running: v('1.5.0'),
  runningDigest: null,
  previous: null,
  highestCommitted: v('1.5.0'),
  floor: null,
  floorSequences: {},
  revoked: [],
  statements: {},
  skipList: [],
  migrations: [],
};
const self: NodeSelf = {
  deviceType: 'edge' as DeviceType,
  arch: 'arm64',
  variant: 'full',
  agentVersion: v('1.5.0'),
  guardVersion: v('1.0.0'),
  envNames: new Set(['HOME']),
};
const policy = {
  enabled: true,
  allowedChannels: ['stable' as Channel],
  minVersion: null,
  rollbackGrace: 1,
  allowMajor: false,
  maxAttemptsPerDay: 10,
  minAttemptIntervalSecs: 0,
  manualOnly: false,
  maintenanceWindow: null,
};
const skipped = (retries: number) => ({ skipList: [{ digest: own, version: v('1.6.0'), reason: 'deadline', retries }] });

const rows: readonly [
  what: string,
  answer: string,
  Record<string, unknown>?,
  Partial<NodeMemory>?,
  Partial<UpgradeRequest>?,
  Partial<NodeSelf>?,
][] = [
  ['a newer release', 'edge-arm64.tar.gz'],
  ['another product', 'upgrade_device_type_mismatch', { device_type: 'camera' }],
  ['a signed manifest of another version', 'upgrade_manifest_invalid', { version: '1.6.1' }],
  ['another channel than was asked for', 'upgrade_channel_not_allowed', { channel: 'beta' }],
  ['another digest than the rollout pinned', 'upgrade_provenance_mismatch', {}, {}, { expectedDigest: digest('e') }],
  ['the pinned digest', 'edge-arm64.tar.gz', {}, {}, { expectedDigest: own }],
  ['revoked by an earlier manifest', 'upgrade_revoked', {}, { revoked: [own] }],
  ['a sequence below the floor', 'upgrade_sequence_too_old', {}, { floor: { version: v('1.0.0'), sequence: 61 } }],
  [
    'a sequence below the floor of its channel',
    'upgrade_sequence_too_old',
    {},
    { floor: { version: v('1.0.0'), sequence: 61 }, floorSequences: { stable: 61 } },
  ],
  [
    'a sequence below the floor of another channel',
    'edge-arm64.tar.gz',
    {},
    { floor: { version: v('1.0.0'), sequence: 900 }, floorSequences: { stable: 60, nightly: 900 } },
  ],
  [
    'the same version, republished with a newer sequence',
    'upgrade_provenance_mismatch',
    {},
    { statements: { '1.6.0': { digest: digest('f'), sequence: 59 } } },
  ],
  [
    'the same version, an older statement',
    'upgrade_sequence_too_old',
    {},
    { statements: { '1.6.0': { digest: digest('f'), sequence: 61 } } },
  ],
  ['the same statement again', 'edge-arm64.tar.gz', {}, { statements: { '1.6.0': { digest: own, sequence: 60 } } }],
  ['on the skip list', 'upgrade_skipped_version', {}, skipped(0)],
  ['on the skip list, retry asked', 'edge-arm64.tar.gz', {}, skipped(1), { retrySkipped: true }],
  ['on the skip list, retried twice', 'upgrade_skipped_version', {}, skipped(2), { retrySkipped: true }],
  ['needs a newer agent', 'upgrade_engine_too_old', { engines: { agent: '1.5.1' } }],
  ['needs a guard', 'upgrade_engine_too_old', { engines: { guard: '1.0.0' } }, {}, {}, { guardVersion: null }],
  ['requires a variable the node lacks', 'upgrade_env_missing', { config: { env: [{ name: 'TOKEN', required: true }] } }],
  ['requires a variable the node has', 'edge-arm64.tar.gz', { config: { env: [{ name: 'HOME', required: true }] } }],
  ['has no artefact for this machine', 'upgrade_arch_mismatch', {}, {}, {}, { arch: 'riscv64' }],
  ['has no artefact of this variant', 'upgrade_arch_mismatch', {}, {}, {}, { variant: 'thin' }],
];

const brought = (version: string, reversible: boolean) => ({ migrations: [{ id: 'split-names', version: v(version), reversible }] });
const back = { version: '1.4.3', sequence: 43 };
const declares = { migrations: [{ id: 'split-names', argv: ['bin/migrate'], timeout_secs: 10, reversible: false }] };
const migrationRows: typeof rows = [
  ['an older version, after a migration it can live with', 'edge-arm64.tar.gz', back, brought('1.5.0', true)],
  ['an older version, after an irreversible migration', 'upgrade_migration_irreversible', back, brought('1.5.0', false)],
  [
    'the previous slot, after an irreversible migration',
    'upgrade_migration_irreversible',
    back,
    { ...brought('1.5.0', false), previous: { version: v('1.4.3'), digest: own } },
  ],
  ['an older version that declares the migration too', 'edge-arm64.tar.gz', { ...back, ...declares }, brought('1.5.0', false)],
  ['an older version, after a migration it came with or before', 'edge-arm64.tar.gz', back, brought('1.4.3', false)],
  ['a newer version, after an irreversible migration', 'edge-arm64.tar.gz', {}, brought('1.5.0', false)],
];

describe('the gate after verification', () => {
  it.each([...rows, ...migrationRows])('%s -> %s', (_, answer, change = {}, memoryChange = {}, requestChange = {}, selfChange = {}) => {
    const asked = { ...request, version: signed(change).version === v('1.4.3') ? v('1.4.3') : request.version, ...requestChange };
    const verdict = gateManifest(signed(change), own, asked, memoryChange.previous ? 'return' : 'upgrade', {
      policy,
      memory: { ...memory, ...memoryChange },
      self: { ...self, ...selfChange },
    });
    expect(verdict.ok ? verdict.value.name : verdict.code).toBe(answer);
  });
});

describe('a return to the previous version, out of grace', () => {
  it.each([
    ['the release that lies there', own, 'edge-arm64.tar.gz'],
    ['another one under its number', digest('e'), 'upgrade_version_too_old'],
  ])('%s', (_, signedDigest, answer) => {
    const known = { ...memory, previous: { version: v('1.2.0'), digest: own } };
    const context = { policy, memory: known, self };
    const verdict = gateManifest(signed({ version: '1.2.0' }), signedDigest, { ...request, version: v('1.2.0') }, 'return', context);
    expect(verdict.ok ? verdict.value.name : verdict.code).toBe(answer);
  });
});
