import { spawn } from 'node:child_process';
import { fsync } from 'node:fs';
import { promisify } from 'node:util';

/** The two ways in which written files reach the disk. */
export interface Durability {
  /** Writes back all that is dirty on the file system of `folder`, to have it over with. No promise: it never fails. */
  writeBack(folder: string): Promise<void>;
  /** The promise: what was written through this descriptor is on the disk, or this throws the system's error. */
  sync(descriptor: number): Promise<void>;
}

export const systemDurability: Durability = {
  /**
   * syncfs(2), by the tool that has it, because Node does not: one commit of the journal for thousands of files. Where there is
   * no such tool, or it fails, each fsync that follows has more to do, and tells what went wrong.
   */
  writeBack: (folder) =>
    new Promise((resolve) => {
      spawn('sync', ['-f', folder], { stdio: 'ignore' })
        .once('error', () => resolve())
        .once('close', () => resolve());
    }),
  sync: promisify(fsync),
};
