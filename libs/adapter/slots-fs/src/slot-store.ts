import { createHash } from 'node:crypto';
import { chmod, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { accept, CodedError, refuse } from '@tidegate/contract-errors';
import { LIMITS, releaseVersion, sha256, type ReleaseVersion } from '@tidegate/contract-manifest';
import { compareVersions } from '@tidegate/domain-version-policy';
import { STATEMENT_FILES, type InstalledStatement, type SlotStore } from '@tidegate/engine-upgrade';
import { ensureFolder, exists, isErrno, moveFolder, onDisk, readPlain, swapLink, writeWhole } from './durable-file.ts';
import { intentText, readGuardVersion, readVerdict, testimonyText } from './guard-files.ts';
import { canStart, readLinks } from './slot-links.ts';

export interface SlotSettings {
  /** Install root; docs/node-disk.md has its layout. */
  readonly root: string;
  readonly guardDir: string;
  /** Name of the entry point: `bin/<service>`. */
  readonly service: string;
  readonly bootId: string;
  /** INVOCATION_ID of this start; ties testimony to it. */
  readonly invocation: string;
}

export function createSlotStore(settings: SlotSettings): SlotStore {
  const { root, guardDir, service } = settings;
  const at = (...names: string[]): string => join(root, ...names);
  const slotFolder = (version: ReleaseVersion): string => at('versions', version);
  const linked = async (): Promise<readonly string[]> => Object.values(await readLinks(root)).filter((name) => name !== null);

  const installedVersions = async (): Promise<ReleaseVersion[]> => {
    const names = await readdir(at('versions')).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    });
    return names.flatMap((name) => releaseVersion.safeParse(name).data ?? []);
  };

  const askGuardToDelete = (versions: readonly string[]): Promise<void> =>
    ensureFolder(at('trial')).then(() => writeWhole(at('trial', 'prune'), versions.map((name) => `${name}\n`).join('')));

  return {
    slotFolder,
    links: () => onDisk('read links', () => readLinks(root)),
    hasSlot: (version) => onDisk('look for slot', () => exists(slotFolder(version))),
    stagingFolder: (attempt) =>
      onDisk('make staging', async () => {
        await ensureFolder(at('staging'));
        const folder = at('staging', attempt);
        await rm(folder, { recursive: true, force: true });
        return folder;
      }),
    clearStaging: () =>
      onDisk('clear staging', async () => {
        await ensureFolder(at('staging'));
        for (const name of await readdir(at('staging'))) await rm(at('staging', name), { recursive: true, force: true });
      }),
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
        if ((await linked()).includes(version)) throw new CodedError('upgrade_storage_error', { step: 'discard slot', reason: 'a link names it' });
        await ensureFolder(at('staging'));
        try {
          const doomed = at('staging', `discarded-${version}`);
          await rm(doomed, { recursive: true, force: true });
          await moveFolder(slotFolder(version), doomed);
          await rm(doomed, { recursive: true, force: true });
        } catch (error) {
          if (!isErrno(error, 'EPERM', 'EACCES')) throw error;
          await askGuardToDelete([version]);
          throw new CodedError('upgrade_storage_error', { step: 'discard slot', reason: 'sealed; the guard was asked to delete it' }, { cause: error });
        }
      }),
    writeIntent: (intent) => onDisk('write intent', () => ensureFolder(at('trial')).then(() => writeWhole(at('trial', 'intent'), intentText(intent)))),
    swapCurrent: (version) =>
      onDisk('swap current', async () => {
        if (!(await canStart(slotFolder(version), service))) return refuse('upgrade_storage_error', { step: 'swap current', reason: 'entry point missing' });
        await swapLink(at('current'), `versions/${version}`);
        return accept(undefined);
      }),
    writeTestimony: (testimony) =>
      onDisk('write testimony', () => ensureFolder(at('trial')).then(() => writeWhole(at('trial', 'testimony'), testimonyText(testimony, settings)))),
    verdict: () => onDisk('read verdict', () => readVerdict(guardDir)),
    guardVersion: () => onDisk('read guard version', () => readGuardVersion(guardDir)),
    requestPrune: (keep) =>
      onDisk('request prune', async () => {
        const live = await linked();
        const newestFirst = (await installedVersions()).sort((a, b) => compareVersions(b, a));
        const doomed = newestFirst.slice(keep).filter((version) => !live.includes(version));
        if (doomed.length > 0) await askGuardToDelete(doomed);
      }),
    space: () =>
      onDisk('measure space', async () => {
        const found = await statfs(root);
        return { freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize, freeInodes: found.ffree };
      }),
  };
}

async function readStatement(slot: string): Promise<InstalledStatement | null> {
  const manifestBytes = await readPlain(join(slot, STATEMENT_FILES[0]), LIMITS.manifestBytes);
  const bundleBytes = await readPlain(join(slot, STATEMENT_FILES[1]), LIMITS.bundleBytes);
  if (!manifestBytes || !bundleBytes) return null;
  return { manifestBytes, bundleBytes, digest: sha256.parse(createHash('sha256').update(manifestBytes).digest('hex')) };
}
