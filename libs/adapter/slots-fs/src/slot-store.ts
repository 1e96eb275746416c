import { join } from 'node:path';
import { accept, refuse } from '@tidegate/contract-errors';
import type { SlotStore } from '@tidegate/engine-upgrade';
import { ensureFolder, onDisk, swapLink, writeWhole } from './durable-file.ts';
import { intentText, readGuardVersion, readVerdict, testimonyText } from './guard-files.ts';
import { slotFolders, stagingFolders } from './slot-folders.ts';
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
  const folders = slotFolders(root);
  const tell = (name: 'intent' | 'testimony', text: string): Promise<void> =>
    onDisk(`write ${name}`, () => ensureFolder(join(root, 'trial')).then(() => writeWhole(join(root, 'trial', name), text)));

  return {
    ...folders,
    ...stagingFolders(root),
    links: () => onDisk('read links', () => readLinks(root)),
    swapCurrent: (version) =>
      onDisk('swap current', async () => {
        const startable = await canStart(folders.slotFolder(version), service);
        if (!startable) return refuse('upgrade_storage_error', { step: 'swap current', reason: 'entry point missing' });
        await swapLink(join(root, 'current'), `versions/${version}`);
        return accept(undefined);
      }),
    writeIntent: (intent) => tell('intent', intentText(intent)),
    writeTestimony: (testimony) => tell('testimony', testimonyText(testimony, settings)),
    verdict: () => onDisk('read verdict', () => readVerdict(guardDir)),
    guardVersion: () => onDisk('read guard version', () => readGuardVersion(guardDir)),
  };
}
