import { beforeAll, describe, expect, it } from '@jest/globals';
import type { AllowedSigner, TrustAnchor } from '@tidegate/domain-trust-policy';
import { createManifestVerifier, trustFingerprint } from './index.ts';
import { anchorOf, bytesOf, GATEWAY, IDENTITY, manifestBytes, newAuthority, signedBundle, SIGNER } from './testing/signed-release.ts';

/** The product moves to another repository: another workflow, other numeric ids, another signer. */
const MOVED = 'https://github.com/acme-industries/gateway';
const NEW_IDENTITY = {
  ...IDENTITY,
  workflow: `${MOVED}/.github/workflows/publish.yml`,
  sourceRepository: MOVED,
  sourceRepositoryId: '78',
  sourceRepositoryOwnerId: '8',
};
const NEW_SIGNER: AllowedSigner = {
  ...SIGNER,
  name: 'gateway-moved',
  workflow: NEW_IDENTITY.workflow,
  sourceRepository: MOVED,
  sourceRepositoryId: '78',
  sourceRepositoryOwnerId: '8',
};

/** What is compiled into the edge of each release, and who signed that release. */
const RELEASES = {
  '1.0.0': { signedBy: 'old', carries: [SIGNER] },
  '1.1.0': { signedBy: 'old', carries: [SIGNER, NEW_SIGNER] },
  '1.2.0': { signedBy: 'new', carries: [SIGNER, NEW_SIGNER] },
  '1.3.0': { signedBy: 'new', carries: [NEW_SIGNER] },
  '1.4.0': { signedBy: 'new', carries: [NEW_SIGNER] },
} as const satisfies Record<string, { signedBy: 'old' | 'new'; carries: readonly AllowedSigner[] }>;
type Version = keyof typeof RELEASES;

describe('a signer is replaced: old, then a release that carries both, then new only', () => {
  const statements = new Map<Version, { manifest: Buffer; bundle: Buffer }>();
  let anchorIn: (version: Version) => TrustAnchor;
  beforeAll(() => {
    const authority = newAuthority();
    for (const version of Object.keys(RELEASES) as Version[]) {
      const identity = RELEASES[version].signedBy === 'old' ? IDENTITY : NEW_IDENTITY;
      const { sourceRepository: repository, revision } = identity;
      const manifest = manifestBytes({ version, source: { repository, revision } });
      statements.set(version, {
        manifest,
        bundle: bytesOf(signedBundle(authority, manifest, { ...identity, ref: `refs/tags/v${version}` })),
      });
    }
    anchorIn = (version) => anchorOf(authority, RELEASES[version].carries);
  });
  /** What the edge of release `runs` says of release `offered`, with nothing but what was compiled into it. */
  const answer = async (runs: Version, offered: Version): Promise<string> => {
    const verifier = createManifestVerifier({ anchor: anchorIn(runs), deviceType: GATEWAY });
    const { manifest, bundle } = statements.get(offered) ?? { manifest: Buffer.of(), bundle: Buffer.of() };
    const verdict = await verifier.verify(manifest, bundle);
    return verdict.ok ? 'accepted' : verdict.code;
  };

  it.each<[Version, Version]>([
    ['1.0.0', '1.1.0'],
    ['1.1.0', '1.2.0'],
    ['1.2.0', '1.3.0'],
    ['1.3.0', '1.4.0'],
  ])('leads from %s to %s: each step is verified by what the one before carries', async (runs, offered) => {
    expect(await answer(runs, offered)).toBe('accepted');
  });

  it.each<[Version, Version]>([
    ['1.0.0', '1.2.0'],
    ['1.0.0', '1.4.0'],
  ])('does not let %s skip the overlap to %s: nothing it carries names the new signer', async (runs, offered) => {
    expect(await answer(runs, offered)).toBe('upgrade_identity_not_allowed');
  });

  it.each<[Version, Version]>([
    ['1.3.0', '1.0.0'],
    ['1.3.0', '1.1.0'],
  ])('ends the old signer: %s takes nothing that it signed, such as %s', async (runs, offered) => {
    expect(await answer(runs, offered)).toBe('upgrade_identity_not_allowed');
  });

  it('lets nodes in the overlap still go back to a release of the old signer', async () => {
    expect(await answer('1.2.0', '1.1.0')).toBe('accepted');
  });

  it('shows in the fingerprint, so that a manager can tell who needs the stepping stone', () => {
    const prints = (['1.0.0', '1.1.0', '1.2.0', '1.3.0'] as const).map((version) => trustFingerprint(anchorIn(version)));
    expect(prints[1]).toBe(prints[2]);
    expect(new Set(prints).size).toBe(3);
  });
});
