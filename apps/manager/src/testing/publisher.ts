import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packRelease, signStatement, type PackReleaseOptions } from '@tidegate/adapter-release-pack';
import { parseManifest, type Manifest } from '@tidegate/contract-manifest';
import { startAuthority, startFaultyReleaseServer, type FaultyReleaseServer, type RunningAuthority } from '@tidegate/test-kit';

const OWNER = 'tidegate';
const REPO = 'tidegate-edge';
const REPOSITORY = `https://github.com/${OWNER}/${REPO}`;
const SIGNER = {
  issuer: 'https://token.actions.githubusercontent.com',
  workflow: `${REPOSITORY}/.github/workflows/release.yml`,
  sourceRepository: REPOSITORY,
  sourceRepositoryId: '100001',
  sourceRepositoryOwnerId: '200001',
};
export const REVISION = 'c0ffee'.repeat(7).slice(0, 40);

export interface PublishedRelease {
  readonly manifest: Manifest;
  readonly manifestBytes: Buffer;
  /** Of the artefact's file, for whoever spoils it. */
  readonly artefactPath: string;
  readonly artefactBytes: Buffer;
}

/** A publisher with a signing authority and a release source of its own, whose releases are small and genuine. */
export class Publisher {
  private sequence = 0;
  private constructor(
    private readonly folder: string,
    private readonly authority: RunningAuthority,
    readonly server: FaultyReleaseServer,
    readonly anchorFile: string,
  ) {}

  static async open(options: { token?: string; requestsPerHour?: number; now?: () => number } = {}): Promise<Publisher> {
    const folder = await mkdtemp(join(tmpdir(), 'tidegate-publisher-'));
    const authority = await startAuthority({ dataDir: join(folder, 'authority') });
    const server = await startFaultyReleaseServer({ dataDir: join(folder, 'served'), requestsPerHour: 1_000_000, ...options });
    const anchorFile = join(folder, 'anchor.json');
    const signer = { name: 'tests', deviceTypes: ['tidegate-edge'], ...SIGNER, refPattern: 'refs/tags/v{version}', triggers: ['push'] };
    await writeFile(anchorFile, JSON.stringify({ purpose: 'test', signers: [signer], trustedRoot: authority.trustedRoot() }));
    return new Publisher(folder, authority, server, anchorFile);
  }

  /** As the manager's configuration names it. */
  source(change: object = {}): object {
    return { device_type: 'tidegate-edge', api_base_url: this.server.url, owner: OWNER, repo: REPO, allow_loopback_http: true, ...change };
  }

  /** @param payloadBytes of random data in the artefact, which no compression makes smaller */
  async publish(
    version: string,
    change: Partial<Pick<PackReleaseOptions, 'config' | 'engines' | 'arch' | 'channel'>> = {},
    { payloadBytes = 0, spoil }: { payloadBytes?: number; spoil?: (release: PublishedRelease) => Promise<void> } = {},
  ): Promise<PublishedRelease> {
    const tree = join(this.folder, 'trees', version);
    const outDir = join(this.folder, 'releases', version);
    await mkdir(join(tree, 'bin'), { recursive: true });
    await writeFile(join(tree, 'bin/tidegate-edge'), `#!/bin/sh\necho ${version}\n`);
    await chmod(join(tree, 'bin/tidegate-edge'), 0o755);
    if (payloadBytes > 0) await writeFile(join(tree, 'payload'), randomBytes(payloadBytes));
    const packed = await packRelease({
      folder: tree,
      deviceType: 'tidegate-edge',
      version,
      channel: version.includes('-') ? 'beta' : 'stable',
      sequence: (this.sequence += 1),
      source: { repository: REPOSITORY, revision: REVISION },
      arch: 'any',
      variant: 'thin',
      entrypoint: 'bin/tidegate-edge',
      outDir,
      releasedAt: '2026-10-01T09:00:00.000Z',
      ...change,
    });
    const { fulcioUrl, rekorUrl } = this.authority;
    const identityToken = this.authority.identityToken({ ...SIGNER, ref: `refs/tags/v${version}`, revision: REVISION });
    const bundle = await signStatement(packed.manifestBytes, { fulcioUrl, rekorUrl, identityToken });
    await writeFile(join(outDir, 'manifest.sig.bundle'), bundle);
    const manifest = parseManifest(packed.manifestBytes);
    if (!manifest.ok) throw new Error(manifest.code);
    const release = {
      manifest: manifest.value,
      manifestBytes: Buffer.from(packed.manifestBytes),
      artefactPath: packed.artefactPath,
      artefactBytes: await readFile(packed.artefactPath),
    };
    await spoil?.(release);
    await this.server.publish(outDir, { owner: OWNER, repo: REPO, tag: `v${version}` });
    return release;
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.authority.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
