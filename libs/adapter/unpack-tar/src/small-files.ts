import { hash } from 'node:crypto';
import { chmodSync, closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileEntry } from '@tidegate/contract-manifest';
import { atStorage, extractFailed, storageError } from './unpack-errors.ts';
import { syncWhole } from './whole-sync.ts';

/** Up to this size a file is put together in memory and written by one call. */
export const SMALL_FILE_BYTES = 64 * 1024;
/** From here on a start of a write-back in the meantime leaves less for the end. */
const FILES_PER_EARLY_SYNC = 4_000;
const SYNCS_AT_ONCE = 4;
const MODE_BITS = 0o7777;

/**
 * The small files of a slot that has thousands of them. A call that goes through the thread pool costs five times what the
 * kernel needs to create such a file, and an fsync each would wait for the disk as often: so they are written at once, and
 * made durable together. The caller gets a turn after each piece of the archive, so the event loop waits for some hundred
 * files at most.
 */
export class SmallFiles {
  readonly #folder: string;
  readonly #sync: (folder: string) => Promise<boolean>;
  readonly #filesPerEarlySync: number;
  readonly #written: string[] = [];
  readonly #buffer = Buffer.allocUnsafeSlow(SMALL_FILE_BYTES);
  #fill = 0;
  #early: Promise<boolean> | undefined;

  constructor(folder: string, sync: (folder: string) => Promise<boolean> = syncWhole, filesPerEarlySync = FILES_PER_EARLY_SYNC) {
    this.#folder = folder;
    this.#sync = sync;
    this.#filesPerEarlySync = filesPerEarlySync;
  }

  begin(): void {
    this.#fill = 0;
  }

  /** Copied, because the piece's memory may be used again before the file is complete. */
  add(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#fill);
    this.#fill += bytes.length;
  }

  /** Throws upgrade_extract_failed before anything is written, upgrade_disk_full, upgrade_storage_error. */
  write(file: FileEntry): void {
    const content = this.#buffer.subarray(0, this.#fill);
    if (hash('sha256', content) !== file.sha256) throw extractFailed('digest differs from the list', file.path);
    const path = `${this.#folder}/${file.path}`;
    try {
      create(path, content, Number.parseInt(file.mode, 8));
    } catch (error) {
      throw storageError(error);
    }
    this.#written.push(path);
    if (this.#written.length % this.#filesPerEarlySync === 0) this.#syncEarly();
  }

  /**
   * Everything in the folder, the folders themselves included, is durable when this gives true. False: the files are, each
   * by its own fsync, the folders are not.
   */
  async finish(): Promise<boolean> {
    const early = (await this.#early) ?? true;
    if ((await this.#sync(this.#folder)) && early) return true;
    // An error that an early call met would not be told again by a later one; each file's own fsync still tells it.
    const paths = this.#written.values();
    await Promise.all(Array.from({ length: SYNCS_AT_ONCE }, () => syncEach(paths)));
    return false;
  }

  /** Resolves when nothing of it goes on. */
  async settle(): Promise<void> {
    await this.#early;
  }

  #syncEarly(): void {
    const before = this.#early ?? Promise.resolve(true);
    this.#early = before.then(async (ok) => (await this.#sync(this.#folder)) && ok);
  }
}

function create(path: string, content: Uint8Array, mode: number): void {
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode);
  try {
    for (let offset = 0; offset < content.length;) offset += writeSync(descriptor, content, offset);
    // The umask took away from it.
    if ((fstatSync(descriptor).mode & MODE_BITS) !== mode) chmodSync(path, mode);
  } finally {
    closeSync(descriptor);
  }
}

async function syncEach(paths: Iterator<string>): Promise<void> {
  for (let next = paths.next(); !next.done; next = paths.next()) {
    const path = next.value;
    await atStorage(async () => {
      const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    });
  }
}
