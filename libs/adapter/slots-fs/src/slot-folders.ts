import { createHash } from 'node:crypto';
import { chmod, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { accept, CodedError, refuse } from '@tidegate/contract-errors';
import { LIMITS, releaseVersion, sha256, STATEMENT_FILES, type ReleaseVersion } from '@tidegate/contract-manifest';
import { compareVersions } from '@tidegate/domain-version-policy';
import type { InstalledStatement, SlotStore } from '@tidegate/engine-upgrade';
import { ensureFolder, exists, isErrno, moveFolder, onDisk, readPlain, writeWhole } from './durable-file.ts';
import { readLinks } from './slot-links.ts';

type Folders = 'slotFolder' | 'hasSlot' | 'readStatement' | 'install' | 'discardSlot' | 'requestPrune';

/** Slots as folders: filled by renaming, never while a link names them, and deleted by the guard alone once they are sealed. */
export function slotFolders(root: string): Pick<SlotStore, Folders> {
  const at = (...names: string[]): string => join(root, ...names);
  const slotFolder = (version: ReleaseVersion): string => at('versions', version);
  const linked = async (): Promise<readonly string[]> =>
    Object.values<string | null>({ ...(await readLinks(root)) }).filter((name) => name !== null);
  const unlinked = async (version: ReleaseVersion, step: string): Promise<void> => {
    if ((await linked()).includes(version)) throw new CodedError('upgrade_storage_error', { step, reason: 'a link names it' });
  };
  const askGuardToDelete = (names: readonly string[]): Promise<void> =>
    ensureFolder(at('trial')).then(() => writeWhole(at('trial', 'prune'), names.map((name) => `${name}\n`).join('')));

  return {
    slotFolder,
    hasSlot: (version) => onDisk('look for slot', () => exists(slotFolder(version))),
    readStatement: (version) => onDisk('read statement', () => readStatement(slotFolder(version))),
    install: (folder, version, statement) =>
      onDisk('install slot', async () => {
        if ((await linked()).includes(version)) return refuse('upgrade_storage_error', { step: 'install slot', reason: 'a link names it' });
        await writeWhole(join(folder, STATEMENT_FILES[0]), statement.manifestBytes);
        await writeWhole(join(folder, STATEMENT_FILES[1]), statement.bundleBytes);
        await chmod(folder, 0o755);
        await ensureFolder(at('versions'));
        await moveFolder(folder, slotFolder(version));
        return accept(undefined);
      }),
    discardSlot: (version) =>
      onDisk('discard slot', async () => {
        await unlinked(version, 'discard slot');
        try {
          await discard(slotFolder(version), at('staging', `discarded-${version}`));
        } catch (error) {
          if (!isErrno(error, 'EPERM', 'EACCES')) throw error;
          await askGuardToDelete([version]);
          const details = { step: 'discard slot', reason: 'sealed; the guard was asked to delete it' };
          throw new CodedError('upgrade_storage_error', details, { cause: error });
        }
      }),
    requestPrune: (keep, known) =>
      onDisk('request prune', async () => {
        const live = await linked();
        const names = await deletableNames(at('versions'));
        const unknown = names.filter((name) => !live.includes(name) && !known.has(name));
        const ours = names.filter((name) => !unknown.includes(name));
        const newestFirst = ours.flatMap((name) => releaseVersion.safeParse(name).data ?? []).sort((a, b) => compareVersions(b, a));
        const doomed = [...newestFirst.slice(keep).filter((version) => !live.includes(version)), ...unknown];
        if (doomed.length > 0) await askGuardToDelete(doomed.slice(0, NAMES_AT_ONCE));
        return unknown;
      }),
  };
}

/** Where releases are fetched and unpacked, and how much room there is for it. */
export function stagingFolders(root: string): Pick<SlotStore, 'stagingFolder' | 'clearStaging' | 'space'> {
  const staging = join(root, 'staging');
  return {
    stagingFolder: (attempt) =>
      onDisk('make staging', async () => {
        await ensureFolder(staging);
        const folder = join(staging, attempt);
        await rm(folder, { recursive: true, force: true });
        return folder;
      }),
    clearStaging: () =>
      onDisk('clear staging', async () => {
        await ensureFolder(staging);
        for (const name of await readdir(staging)) await rm(join(staging, name), { recursive: true, force: true });
      }),
    space: () =>
      onDisk('measure space', async () => {
        const found = await statfs(root);
        return { freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize, freeInodes: found.ffree };
      }),
  };
}

/** Renamed away first: half a deleted slot must never have the name of a version. */
async function discard(slot: string, doomed: string): Promise<void> {
  await ensureFolder(join(doomed, '..'));
  await rm(doomed, { recursive: true, force: true });
  await moveFolder(slot, doomed);
  await rm(doomed, { recursive: true, force: true });
}

/** The guard deletes, and starts, nothing else; a longer request it does not read (4 KiB). */
const DELETABLE = /^(?!\.)[0-9A-Za-z.-]{1,64}$/;
const NAMES_AT_ONCE = 60;

async function deletableNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => DELETABLE.test(name)).sort();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

async function readStatement(slot: string): Promise<InstalledStatement | null> {
  const manifestBytes = readPlain(join(slot, STATEMENT_FILES[0]), LIMITS.manifestBytes);
  const bundleBytes = readPlain(join(slot, STATEMENT_FILES[1]), LIMITS.bundleBytes);
  if (!manifestBytes || !bundleBytes) return null;
  return { manifestBytes, bundleBytes, digest: sha256.parse(createHash('sha256').update(manifestBytes).digest('hex')) };
}
