import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packRelease, signStatement, type PackedRelease, type PackReleaseOptions } from '@tidegate/adapter-release-pack';
import type { RunningAuthority } from '../authority/start-authority.ts';
import type { WorkflowIdentity } from '../authority/workflow-identity.ts';

/** Whose runs of one workflow sign releases: what a compiled-in signer names, and what an identity token claims. */
export type TestSigner = Pick<
  WorkflowIdentity,
  'issuer' | 'workflow' | 'sourceRepository' | 'sourceRepositoryId' | 'sourceRepositoryOwnerId'
>;

/** The publisher of `tidegate-edge` in tests. */
export const EDGE_SIGNER: TestSigner = {
  issuer: 'https://token.actions.githubusercontent.com',
  workflow: 'https://github.com/tidegate/tidegate-edge/.github/workflows/release.yml',
  sourceRepository: 'https://github.com/tidegate/tidegate-edge',
  sourceRepositoryId: '100001',
  sourceRepositoryOwnerId: '200001',
};
const REVISION = 'c0ffee'.repeat(7).slice(0, 40);
const DEVICE_TYPE = 'tidegate-edge';

/** The anchor file of a build that takes the releases of these signers, in this authority's world. */
export const anchorOf = (
  authority: Pick<RunningAuthority, 'trustedRoot'>,
  signers: readonly TestSigner[] = [EDGE_SIGNER],
  purpose: 'test' | 'demo' = 'test',
): object => ({
  purpose,
  signers: signers.map((signer, index) => ({
    name: `test signer ${index + 1}`,
    deviceTypes: [DEVICE_TYPE],
    ...signer,
    refPattern: 'refs/tags/v{version}',
    triggers: ['push'],
  })),
  trustedRoot: authority.trustedRoot(),
});

export interface TestRelease {
  /** Becomes the slot; `bin/tidegate-edge` is its entry point. */
  readonly tree: string;
  /** Gets what a release publishes: `manifest.json`, `manifest.sig.bundle` and the artefact. */
  readonly outDir: string;
  readonly version: string;
  readonly sequence: number;
  readonly channel?: string;
  readonly signer?: TestSigner;
  /** The commit it is built from, by its manifest and by its certificate. */
  readonly revision?: string;
  /** What else its manifest says. */
  readonly manifest?: Partial<Pick<PackReleaseOptions, 'config' | 'engines' | 'arch' | 'deviceType'>>;
}

/** Packs and signs a release as a run of the signer's workflow on `v<version>` would. */
export async function makeRelease(authority: RunningAuthority, release: TestRelease): Promise<PackedRelease> {
  const { tree, outDir, version, sequence, channel = 'stable', signer = EDGE_SIGNER, revision = REVISION } = release;
  const packed = await packRelease({
    folder: tree,
    deviceType: DEVICE_TYPE,
    version,
    channel,
    sequence,
    source: { repository: signer.sourceRepository, revision },
    arch: 'any',
    variant: 'thin',
    entrypoint: `bin/${DEVICE_TYPE}`,
    outDir,
    releasedAt: new Date(Date.UTC(2026, 9, 1, 9) + sequence * 60_000).toISOString(),
    ...release.manifest,
  });
  const { fulcioUrl, rekorUrl } = authority;
  const identityToken = authority.identityToken({ ...signer, ref: `refs/tags/v${version}`, revision });
  writeFileSync(join(outDir, 'manifest.sig.bundle'), await signStatement(packed.manifestBytes, { fulcioUrl, rekorUrl, identityToken }));
  return packed;
}
