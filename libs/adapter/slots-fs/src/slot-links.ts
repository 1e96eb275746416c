import { constants } from 'node:fs';
import { access, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { releaseVersion, type ReleaseVersion } from '@tidegate/contract-manifest';
import type { SlotLinks } from '@tidegate/engine-upgrade';
import { isErrno } from './durable-file.ts';

/** The version a link names, or null for anything that is not exactly `versions/<version>`. */
export async function linkedVersion(root: string, name: keyof SlotLinks): Promise<ReleaseVersion | null> {
  try {
    const target = await readlink(join(root, name));
    const match = /^versions\/([^/]+)$/.exec(target);
    const parsed = releaseVersion.safeParse(match?.[1]);
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EINVAL')) return null;
    throw error;
  }
}

export const readLinks = async (root: string): Promise<SlotLinks> => ({
  current: await linkedVersion(root, 'current'),
  committed: await linkedVersion(root, 'committed'),
  previous: await linkedVersion(root, 'previous'),
});

/** Whether a slot could be started at all: never swap to what is missing or not executable. */
export async function canStart(slot: string, service: string): Promise<boolean> {
  const entryPoint = join(slot, 'bin', service);
  try {
    await access(entryPoint, constants.X_OK);
    return (await stat(entryPoint)).isFile();
  } catch {
    return false;
  }
}
