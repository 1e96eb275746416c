import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packRelease, signStatement } from '@tidegate/adapter-release-pack';
import { startAuthority, startReleaseServer, type ReleaseServer } from '@tidegate/test-kit';

const REPOSITORY = 'https://github.com/tidegate/tidegate-edge';
const SIGNER = {
  issuer: 'https://token.actions.githubusercontent.com',
  workflow: `${REPOSITORY}/.github/workflows/release.yml`,
  sourceRepository: REPOSITORY,
  sourceRepositoryId: '100001',
  sourceRepositoryOwnerId: '200001',
};
const REVISION = 'c0ffee'.repeat(7).slice(0, 40);

export interface SignedReleases {
  /** Of a build that trusts this publisher. */
  readonly anchorFile: string;
  readonly server: ReleaseServer;
  /** A release as it would be downloaded. */
  folderOf(version: string): string;
  sign(version: string, sequence: number, channel?: string): Promise<void>;
  close(): Promise<void>;
}

/** A publisher with an authority and a release source of its own. What it releases is small and only says its version. */
export async function startSignedReleases(folder: string): Promise<SignedReleases> {
  const authority = await startAuthority({ dataDir: join(folder, 'authority') });
  const server = await startReleaseServer({ dataDir: join(folder, 'served'), requestsPerHour: 1_000_000 });
  const anchorFile = join(folder, 'anchor.json');
  const signer = { name: 'tests', deviceTypes: ['tidegate-edge'], ...SIGNER, refPattern: 'refs/tags/v{version}', triggers: ['push'] };
  writeFileSync(anchorFile, JSON.stringify({ purpose: 'test', signers: [signer], trustedRoot: authority.trustedRoot() }));
  const folderOf = (version: string): string => join(folder, 'releases', version);
  return {
    anchorFile,
    server,
    folderOf,
    async sign(version, sequence, channel = 'stable') {
      const tree = join(folder, 'trees', version);
      mkdirSync(join(tree, 'bin'), { recursive: true });
      writeFileSync(join(tree, 'bin/tidegate-edge'), `#!/bin/sh\necho ${version}\n`);
      chmodSync(join(tree, 'bin/tidegate-edge'), 0o755);
      const { manifestBytes } = await packRelease({
        folder: tree,
        deviceType: 'tidegate-edge',
        version,
        channel,
        sequence,
        source: { repository: REPOSITORY, revision: REVISION },
        arch: 'any',
        variant: 'thin',
        entrypoint: 'bin/tidegate-edge',
        outDir: folderOf(version),
        releasedAt: '2026-10-01T09:00:00.000Z',
      });
      const { fulcioUrl, rekorUrl } = authority;
      const identityToken = authority.identityToken({ ...SIGNER, ref: `refs/tags/v${version}`, revision: REVISION });
      writeFileSync(
        join(folderOf(version), 'manifest.sig.bundle'),
        await signStatement(manifestBytes, { fulcioUrl, rekorUrl, identityToken }),
      );
      await server.publish(folderOf(version));
    },
    async close() {
      await server.close();
      await authority.close();
    },
  };
}
