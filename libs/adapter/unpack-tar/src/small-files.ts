import { hash } from 'node:crypto';
import { chmodSync, closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { FileEntry } from '@tidegate/contract-manifest';
import type { Durability } from './durability.ts';
import { extractFailed, storageError } from './unpack-errors.ts';

/** Up to this size a file is put together in memory and written by one call. */
export const SMALL_FILE_BYTES = 64 * 1024;
/** Three groups are open at once at most; where nobody says otherwise, Linux allows 4,096 descriptors. */
const FILES_PER_GROUP = 1_000;
/** Enough for the thread pool's four until the event loop has written another hundred files and hands it new ones. */
const SYNCS_AT_ONCE = 128;
const MODE_BITS = 0o7777;

/**
 * The small files of a slot that has thousands of them. A call that goes through the thread pool costs five times what the
 * kernel needs to create such a file, so they are written at once; the caller gets a turn after each piece of the archive.
 *
 * They become durable in groups while the next ones are written: one call writes back the file system, and then every file
 * gets its own fsync, which finds nothing left to write. That call alone is no promise: who asks a file system after somebody
 * else did is not told of the writes that failed before. A file's own fsync is, on a descriptor that was open all the time
 * (docs/adr/0006).
 */
export class SmallFiles {
  readonly #folder: string;
  readonly #durability: Durability;
  readonly #filesPerGroup: number;
  readonly #buffer = Buffer.allocUnsafeSlow(SMALL_FILE_BYTES);
  #fill = 0;
  #group: number[] = [];
  #writtenBack: Promise<void> = Promise.resolve();
  #beforeLast: Promise<void> = Promise.resolve();
  #durable: Promise<void> = Promise.resolve();

  constructor(folder: string, durability: Durability, filesPerGroup = FILES_PER_GROUP) {
    this.#folder = folder;
    this.#durability = durability;
    this.#filesPerGroup = filesPerGroup;
  }

  begin(): void {
    this.#fill = 0;
  }

  /** Copied, because the piece's memory may be used again before the file is complete. */
  add(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#fill);
    this.#fill += bytes.length;
  }

  /**
   * Gives a promise where earlier ones have to be waited for. Throws upgrade_extract_failed before anything is written,
   * upgrade_disk_full, upgrade_storage_error; the promise throws the latter two for those earlier ones.
   */
  write(file: FileEntry): Promise<void> | undefined {
    const content = this.#buffer.subarray(0, this.#fill);
    if (hash('sha256', content) !== file.sha256) throw extractFailed('digest differs from the list', file.path);
    try {
      this.#create(`${this.#folder}/${file.path}`, content, Number.parseInt(file.mode, 8));
    } catch (error) {
      throw storageError(error);
    }
    return this.#group.length === this.#filesPerGroup ? this.#closeGroup() : undefined;
  }

  /** Every file is durable when it resolves; their folders are the caller's. */
  async finish(): Promise<void> {
    if (this.#group.length > 0) await this.#closeGroup();
    await this.#durable;
  }

  /** Resolves when nothing of it goes on and nothing is open. */
  async settle(): Promise<void> {
    await this.#durable.catch(() => undefined);
    for (const descriptor of this.#group.splice(0)) closeSync(descriptor);
  }

  #create(path: string, content: Uint8Array, mode: number): void {
    const descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode);
    this.#group.push(descriptor);
    for (let offset = 0; offset < content.length;) offset += writeSync(descriptor, content, offset);
    // The umask took away from it.
    if ((fstatSync(descriptor).mode & MODE_BITS) !== mode) chmodSync(path, mode);
  }

  /** Resolves when the next group may be opened: one is written back then at most, and one synced. */
  #closeGroup(): Promise<void> {
    const group = this.#group;
    const before = this.#durable;
    const writtenBack = this.#writtenBack.then(() => this.#durability.writeBack(this.#folder));
    this.#group = [];
    this.#writtenBack = writtenBack;
    this.#durable = this.#makeDurable(group, writtenBack, before);
    this.#durable.catch(() => undefined);
    const mayGoOn = this.#beforeLast;
    this.#beforeLast = before;
    return mayGoOn;
  }

  async #makeDurable(group: readonly number[], writtenBack: Promise<void>, before: Promise<void>): Promise<void> {
    try {
      await writtenBack;
      await before;
      await this.#syncEach(group);
    } catch (error) {
      throw storageError(error);
    } finally {
      for (const descriptor of group) closeSync(descriptor);
    }
  }

  /** Ends when every one has ended: a descriptor must not be closed under a call that uses it. */
  async #syncEach(group: readonly number[]): Promise<void> {
    const waiting = group.values();
    const lane = async (): Promise<void> => {
      for (let next = waiting.next(); !next.done; next = waiting.next()) await this.#durability.sync(next.value);
    };
    const lanes = await Promise.allSettled(Array.from({ length: SYNCS_AT_ONCE }, lane));
    for (const result of lanes) if (result.status === 'rejected') throw result.reason;
  }
}
