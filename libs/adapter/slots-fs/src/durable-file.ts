/**
 * The few ways in which the agent changes its install root. Each is whole or not there after a power cut: file contents first,
 * then the name, then the folder that holds the name (an update that lost power left truncated files behind elsewhere).
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { mkdir, open, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';

// No instanceof: an error of the runtime may come from another realm.
const errno = (error: unknown): string => (typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown');
export const isErrno = (error: unknown, ...codes: readonly string[]): boolean => codes.includes(errno(error));

/** Gives disk errors their code; refusals that already have one pass through. */
export async function onDisk<T>(step: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof CodedError) throw error;
    const code = isErrno(error, 'ENOSPC', 'EDQUOT') ? 'upgrade_disk_full' : 'upgrade_storage_error';
    throw new CodedError(code, { step, errno: errno(error) }, { cause: error });
  }
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a folder and makes its name durable; an existing one is fine. */
export async function ensureFolder(folder: string, mode = 0o755): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode });
  if (made) await syncFolder(dirname(made));
}

const besides = (path: string): string => join(dirname(path), `.${randomBytes(6).toString('hex')}.tmp`);
/** A name of the kind that `besides` gives. */
export const isTemporary = (name: string): boolean => /^\.[0-9a-f]{12}\.tmp$/.test(name);

export async function writeWhole(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  const temporary = besides(path);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Points `path` at `target` in one step: no reader ever finds it missing. */
export async function swapLink(path: string, target: string): Promise<void> {
  const temporary = besides(path);
  await symlink(target, temporary);
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Moves a finished folder to its name; both parents are synced. */
export async function moveFolder(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
  await syncFolder(dirname(from));
}

/**
 * The bytes of a plain file of at most `maxBytes`, or null: links, folders and oversized files count as absent. At once: a
 * start reads several, and through the worker threads the first of them alone would take 4 ms.
 */
export function readPlain(path: string, maxBytes: number): Buffer | null {
  try {
    // O_NONBLOCK: a FIFO in the file's place must not hang the reader.
    const opened = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = fstatSync(opened);
      return found.isFile() && found.size <= maxBytes ? readFileSync(opened) : null;
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR')) return null;
    throw error;
  }
}

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: unknown) => {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return false;
      throw error;
    },
  );
