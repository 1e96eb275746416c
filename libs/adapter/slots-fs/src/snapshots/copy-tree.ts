import { constants } from 'node:fs';
import { chmod, copyFile, lchown, lutimes, mkdir, open, readlink, symlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../durable-file.ts';
import type { TreeEntry } from './tree-entries.ts';

/**
 * Copies entries from one folder to the same paths below another, each file and folder durable before it resolves. Blocks are
 * shared where the file system can (reflink). Never hard links: a program that writes its file in place would write into the
 * copy as well. Modes and times are kept, and owners where this runs as root.
 */
export async function copyEntries(entries: readonly TreeEntry[], from: string, to: string): Promise<void> {
  for (const entry of entries) await copyOne(entry, join(from, entry.path), join(to, entry.path));
  // Deepest first: a folder's times and mode hold only once nothing is put into it any more.
  for (const entry of entries.filter((one) => one.kind === 'folder').reverse()) {
    const folder = join(to, entry.path);
    await syncFolder(folder);
    await utimes(folder, entry.stat.atime, entry.stat.mtime);
    await chmod(folder, entry.stat.mode & 0o777);
  }
  const first = entries[0];
  if (first) await syncFolder(dirname(join(to, first.path)));
}

async function copyOne(entry: TreeEntry, from: string, to: string): Promise<void> {
  await make(entry, from, to);
  if (process.getuid?.() === 0) await lchown(to, entry.stat.uid, entry.stat.gid);
}

async function make({ kind, stat }: TreeEntry, from: string, to: string): Promise<void> {
  if (kind === 'folder') {
    await mkdir(to, { mode: 0o700 });
  } else if (kind === 'link') {
    await symlink(await readlink(from), to);
    await lutimes(to, stat.atime, stat.mtime);
  } else {
    await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    const handle = await open(to, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      await handle.utimes(stat.atime, stat.mtime);
      await handle.chmod(stat.mode & 0o777);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
