import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isUpgradeErrorCode } from '@tidegate/contract-errors';
import type { Manifest, ReleaseVersion, Sha256 } from '@tidegate/contract-manifest';
import { compareVersions, gateManifest, gateRequest, MAX_SKIPPED_RETRIES } from './index.ts';
import type { NodeMemory, NodeSelf, UpgradePolicy, UpgradeRequest } from './index.ts';

// Few values each, so that what is asked, known, revoked, skipped and signed often meets.
const small = (max: number) => fc.integer({ min: 0, max });
const version = fc
  .tuple(small(1), small(4), small(2), fc.constantFrom('', '', '', '-rc.1', '-rc.2'))
  .map(([major, minor, patch, tag]) => `${major}.${minor}.${patch}${tag}` as ReleaseVersion);
const digest = fc.constantFrom(...'abcdef').map((character) => character.repeat(64) as Sha256);
const CHANNELS = ['stable', 'beta', 'nightly'] as UpgradeRequest['channel'][];
const channel = fc.constantFrom(...CHANNELS);
const sequence = small(20);
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value });
const mostly = <T>(usual: T, other: T): fc.Arbitrary<T> => fc.constantFrom(usual, usual, usual, usual, usual, usual, usual, other);

const policy: fc.Arbitrary<UpgradePolicy> = fc.record({
  enabled: mostly(true, false),
  allowedChannels: fc.subarray(CHANNELS, { minLength: 1 }),
  minVersion: rarely(version),
  rollbackGrace: small(4),
  allowMajor: fc.boolean(),
  maxAttemptsPerDay: fc.integer({ min: 2, max: 6 }),
  minAttemptIntervalSecs: fc.constantFrom(0, 30),
  manualOnly: fc.boolean(),
  maintenanceWindow: fc.constant(null),
});
const request: fc.Arbitrary<UpgradeRequest> = fc.record({
  version,
  channel,
  expectedDigest: rarely(digest),
  retrySkipped: fc.boolean(),
});
const memory: fc.Arbitrary<NodeMemory> = fc.record({
  running: version,
  runningDigest: orNull(digest),
  previous: orNull(fc.record({ version, digest: orNull(digest) })),
  highestCommitted: version,
  floor: orNull(fc.record({ version, sequence: small(8) })),
  floorSequences: fc.constant({}),
  revoked: fc.uniqueArray(digest, { maxLength: 1 }),
  statements: fc.dictionary(version, fc.record({ digest, sequence })),
  skipList: fc.array(fc.record({ digest, version, reason: fc.constant('deadline'), retries: small(3) }), { maxLength: 2 }),
  migrations: fc.constant([]),
});
const self = {
  deviceType: 'edge',
  arch: 'x64',
  variant: 'thin',
  agentVersion: '1.0.0',
  guardVersion: '1.0.0',
  envNames: new Set(['HOME']),
};
const signed = fc
  .record({
    device_type: mostly('edge', 'gateway'),
    version,
    channel,
    sequence: fc.integer({ min: 5, max: 20 }),
    revoked: fc.uniqueArray(digest, { maxLength: 1 }),
    engines: fc.constant({}),
    artefacts: fc.constantFrom([{ arch: 'any', variant: 'thin' }], [{ arch: 'x64', variant: 'thin' }], [{ arch: 'x64', variant: 'full' }]),
    config: fc.constant({ env: [], posture: {} }),
    migrations: fc.constant([]),
    snapshot: fc.constant({ paths: [] }),
  })
  .map((manifest) => manifest as unknown as Manifest);
const ages = fc.array(fc.double({ min: 0, max: 200_000, noNaN: true }), { maxLength: 4 }).map((list) => list.sort((a, b) => a - b));

/** Both gates, as an attempt passes them; a source may hand out any statement for any request, mostly the one asked for. */
const world = fc
  .record({ policy, request, memory, ages, manifest: signed, digest, honest: mostly(true, false), back: mostly(false, true) })
  .map(({ honest, back, request: asked, ...rest }) => {
    const request = back && rest.memory.previous ? { ...asked, version: rest.memory.previous.version } : asked;
    const manifest = honest ? { ...rest.manifest, version: request.version, channel: request.channel } : rest.manifest;
    return { ...rest, request, manifest };
  });
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function decide({ policy, request, memory, ages, manifest, digest }: World) {
  const asked = gateRequest(request, policy, memory, ages);
  if (!asked.ok) return { accepted: false as const, code: asked.code };
  const verdict = gateManifest(manifest, digest, request, asked.value, { policy, memory, self: self as unknown as NodeSelf });
  return verdict.ok ? { accepted: true as const, kind: asked.value } : { accepted: false as const, code: verdict.code };
}
const NUM_RUNS = 5_000;
const whenAccepted = (holds: (world: World) => void): void => {
  let accepted = 0;
  fc.assert(
    fc.property(world, (one) => {
      if (!decide(one).accepted) return;
      accepted += 1;
      holds(one);
    }),
    { numRuns: NUM_RUNS },
  );
  // A property over nothing holds always.
  expect(accepted).toBeGreaterThan(20);
};

describe('the whole decision, whatever the policy, request, memory and statement', () => {
  it('is taken, or refused by an upgrade’s code, and never throws', () => {
    fc.assert(
      fc.property(world, (one) => {
        const decision = decide(one);
        return decision.accepted || isUpgradeErrorCode(decision.code);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  it('takes nothing below the floor or min_version, whoever asks and whatever lies in the previous slot', () => {
    whenAccepted(({ manifest, policy, memory }) => {
      if (policy.minVersion) expect(compareVersions(manifest.version, policy.minVersion)).toBeGreaterThanOrEqual(0);
      if (!memory.floor) return;
      expect(compareVersions(manifest.version, memory.floor.version)).toBeGreaterThanOrEqual(0);
      expect(manifest.sequence).toBeGreaterThanOrEqual(memory.floor.sequence);
    });
  });

  it('takes nothing revoked, skipped too often, or signed anew under a version it knows', () => {
    whenAccepted(({ manifest, digest, memory, request }) => {
      expect(memory.revoked).not.toContain(digest);
      expect(manifest.revoked).not.toContain(digest);
      const skipped = memory.skipList.find((one) => one.digest === digest);
      if (skipped) expect([request.retrySkipped, skipped.retries < MAX_SKIPPED_RETRIES]).toEqual([true, true]);
      const known = Object.hasOwn(memory.statements, manifest.version) ? memory.statements[manifest.version] : undefined;
      if (known) expect(known.digest).toBe(digest);
    });
  });

  it('takes only what was asked for, of an allowed channel, for this product and machine', () => {
    whenAccepted(({ manifest, digest, request, policy, ages }) => {
      expect(policy.enabled).toBe(true);
      expect([manifest.version, manifest.channel, manifest.device_type]).toEqual([request.version, request.channel, 'edge']);
      expect(policy.allowedChannels).toContain(manifest.channel);
      if (request.expectedDigest) expect(digest).toBe(request.expectedDigest);
      expect(ages.filter((age) => age < 86_400).length).toBeLessThan(policy.maxAttemptsPerDay);
    });
  });

  it('goes down past the grace, or over a major, only to the very release in the previous slot', () => {
    whenAccepted(({ manifest, digest, policy, memory }) => {
      const [major = 0, minor = 0] = manifest.version.split('.').map(Number);
      const [highestMajor = 0, highestMinor = 0] = memory.highestCommitted.split('.').map(Number);
      const lower = compareVersions(manifest.version, memory.highestCommitted) < 0;
      const outOfGrace = lower && (major !== highestMajor || highestMinor - minor > policy.rollbackGrace);
      const otherMajor = major !== Number(memory.running.split('.')[0]) && !policy.allowMajor;
      if (outOfGrace || otherMajor) expect(memory.previous).toEqual({ version: manifest.version, digest });
    });
  });
});
