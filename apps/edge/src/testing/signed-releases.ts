import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { anchorOf, makeRelease, startAuthority, startReleaseServer, type ReleaseServer } from '@tidegate/test-kit';

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
  writeFileSync(anchorFile, JSON.stringify(anchorOf(authority)));
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
      await makeRelease(authority, { tree, outDir: folderOf(version), version, sequence, channel });
      await server.publish(folderOf(version));
    },
    async close() {
      await server.close();
      await authority.close();
    },
  };
}
