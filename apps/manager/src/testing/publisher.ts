import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  anchorOf,
  makeRelease,
  startAuthority,
  startFaultyReleaseServer,
  type FaultyReleaseServer,
  type ReleaseServerOptions,
  type RunningAuthority,
} from '@tidegate/test-kit';

const OWNER = 'tidegate';
const REPO = 'tidegate-edge';

export interface PublishedRelease {
  readonly manifestSha256: string;
  readonly manifestBytes: Buffer;
  readonly artefactName: string;
  readonly artefactBytes: Buffer;
}
interface HowToPublish {
  readonly manifest?: Parameters<typeof makeRelease>[1]['manifest'];
  /** The commit it is built from. */
  readonly revision?: string;
  /** Random data in the artefact, which no compression makes smaller. */
  readonly payloadBytes?: number;
  /** Changes what was signed, before it is published. */
  readonly spoil?: (folder: string) => Promise<void>;
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

  static async open(options: Partial<ReleaseServerOptions> = {}): Promise<Publisher> {
    const folder = await mkdtemp(join(tmpdir(), 'tidegate-publisher-'));
    const authority = await startAuthority({ dataDir: join(folder, 'authority') });
    const server = await startFaultyReleaseServer({ dataDir: join(folder, 'served'), requestsPerHour: 1_000_000, ...options });
    const anchorFile = join(folder, 'anchor.json');
    await writeFile(anchorFile, JSON.stringify(anchorOf(authority)));
    return new Publisher(folder, authority, server, anchorFile);
  }

  /** As the manager's configuration names it. */
  source(change: object = {}): object {
    return { device_type: 'tidegate-edge', api_base_url: this.server.url, owner: OWNER, repo: REPO, allow_loopback_http: true, ...change };
  }

  async publish(version: string, { manifest, revision, payloadBytes = 0, spoil }: HowToPublish = {}): Promise<PublishedRelease> {
    const tree = join(this.folder, 'trees', version);
    const outDir = join(this.folder, 'releases', version);
    await mkdir(join(tree, 'bin'), { recursive: true });
    await writeFile(join(tree, 'bin/tidegate-edge'), `#!/bin/sh\necho ${version}\n`);
    await chmod(join(tree, 'bin/tidegate-edge'), 0o755);
    if (payloadBytes > 0) await writeFile(join(tree, 'payload'), randomBytes(payloadBytes));
    const channel = version.includes('-') ? 'beta' : 'stable';
    const release = {
      tree,
      outDir,
      version,
      sequence: (this.sequence += 1),
      channel,
      ...(manifest && { manifest }),
      ...(revision && { revision }),
    };
    const { manifestBytes, artefactPath, digest } = await makeRelease(this.authority, release);
    const artefactBytes = await readFile(artefactPath);
    await spoil?.(outDir);
    await this.server.publish(outDir, { owner: OWNER, repo: REPO, tag: `v${version}` });
    const artefactName = artefactPath.slice(outDir.length + 1);
    return { manifestSha256: digest, manifestBytes: Buffer.from(manifestBytes), artefactName, artefactBytes };
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.authority.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
