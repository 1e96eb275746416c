import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { release } from 'node:os';

/**
 * File systems on which syncfs(2) is known to write back every file and to say when it could not (magic numbers of
 * statfs(2)): ext2 to ext4, XFS, Btrfs, F2FS. An overlay passes it on without the errors, so it is not among them.
 */
const KEEPS_THE_PROMISE: ReadonlySet<number> = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010]);
/** Before 5.8 syncfs(2) reported no write errors. */
const FIRST_LINUX = [5, 8] as const;

export const reportsWriteErrors = (platform: string, kernel: string): boolean => {
  const [major = 0, minor = 0] = kernel.split('.').map(Number);
  return platform === 'linux' && (major > FIRST_LINUX[0] || (major === FIRST_LINUX[0] && minor >= FIRST_LINUX[1]));
};

/** Whether one call can make a folder's whole file system durable here and tell of failures. */
export async function canSyncWhole(folder: string): Promise<boolean> {
  return reportsWriteErrors(process.platform, release()) && KEEPS_THE_PROMISE.has((await statfs(folder)).type);
}

/**
 * syncfs(2) on the file system of `folder`, by the tool that has it, because Node does not. Thousands of files cost one commit
 * of the journal instead of one each. False when it failed or there is no such tool: then nothing is known to be durable.
 */
export function syncWhole(folder: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('sync', ['-f', folder], (error) => resolve(error === null)).stdin?.end();
  });
}
