import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReleaseStore } from '@tidegate/test-kit';
import type { BuiltReleases } from './build-releases.ts';
import { DEMO_SOURCE } from './demo-trust.ts';

/** Puts the built releases where the release source finds them; those that are there already stay untouched, times included. */
export async function publishReleases(dataDir: string, releases: BuiltReleases): Promise<void> {
  const store = new ReleaseStore(dataDir);
  for (const [version, folder] of releases.folders) {
    const target = { ...DEMO_SOURCE, tag: `v${version}` };
    const published = join(dataDir, target.owner, target.repo, target.tag);
    // The bundle is over the manifest, and the manifest names every byte of the artefact.
    if (sameFile(join(published, 'manifest.sig.bundle'), join(folder, 'manifest.sig.bundle'))) continue;
    await store.publish(folder, target);
  }
}

function sameFile(one: string, other: string): boolean {
  try {
    return readFileSync(one).equals(readFileSync(other));
  } catch {
    return false;
  }
}
