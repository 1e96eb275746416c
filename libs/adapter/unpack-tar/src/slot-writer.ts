import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileEntry } from '@tidegate/contract-manifest';
import { systemDurability } from './durability.ts';
import type { SlotPlan } from './slot-plan.ts';
import { SMALL_FILE_BYTES, SmallFiles } from './small-files.ts';
import type { WriteStep } from './tar-steps.ts';
import { atStorage, extractFailed } from './unpack-errors.ts';

/** Fewer than libuv's four threads: file data must go on flowing while earlier files reach the disk. */
const SYNCS_AT_ONCE = 3;
const FOLDER_MODE = 0o755;
/** Above this many files an fsync for each is what an unpacking waits for. */
const FILES_SYNCED_ONE_BY_ONE = 256;
/** A large file is written back from here on while the rest of it is on its way, or its fsync would wait for all of it. */
const BYTES_PER_WRITE_BACK = 8 * 1024 * 1024;

interface OpenFile {
  readonly file: FileEntry;
  readonly handle: FileHandle;
  readonly sha256: Hash;
  unsyncedBytes: number;
}

/** Creates what the plan lists, in a folder nobody else can enter, and makes it durable. Paths come from the signed list only. */
export class SlotWriter {
  readonly #folder: string;
  readonly #plan: SlotPlan;
  readonly #syncs = new Set<Promise<void>>();
  #syncFailure: { readonly error: unknown } | null = null;
  #current: OpenFile | null = null;
  readonly #small: SmallFiles | null;
  #currentSmall: FileEntry | null = null;

  constructor(folder: string, plan: SlotPlan) {
    this.#folder = folder;
    this.#plan = plan;
    this.#small = plan.files.size > FILES_SYNCED_ONE_BY_ONE ? new SmallFiles(folder, systemDurability) : null;
  }

  /** The private folder itself; until it exists there is nothing to clean up. Fails when it is there already. */
  createRoot(): Promise<void> {
    return atStorage(() => mkdir(this.#folder, { mode: 0o700 }));
  }

  createFolders(): Promise<void> {
    return atStorage(async () => {
      for (const folder of this.#plan.folders) {
        await mkdir(join(this.#folder, folder));
        await chmod(join(this.#folder, folder), FOLDER_MODE);
      }
    });
  }

  /** Gives no promise where nothing has to be waited for: awaiting each step of ten thousand files costs what writing them does. */
  apply(step: WriteStep): Promise<void> | undefined {
    if (step.kind === 'open' && this.#small && step.file.size <= SMALL_FILE_BYTES) {
      this.#currentSmall = step.file;
      this.#small.begin();
      return undefined;
    }
    if (this.#small && this.#currentSmall) {
      if (step.kind === 'data') {
        this.#small.add(step.bytes);
        return undefined;
      }
      const file = this.#currentSmall;
      this.#currentSmall = null;
      return this.#small.write(file);
    }
    if (step.kind === 'open') return this.#open(step.file);
    return step.kind === 'data' ? this.#write(step.bytes) : this.#close();
  }

  /** Files first, then the folders that name them, deepest first, then the slot's own. */
  async finish(): Promise<void> {
    await Promise.all(this.#syncs);
    this.#throwSyncFailure();
    await this.#small?.finish();
    await atStorage(async () => {
      await chmod(this.#folder, FOLDER_MODE);
      for (const folder of [...this.#plan.folders].reverse()) await syncFolder(join(this.#folder, folder));
      await syncFolder(this.#folder);
    });
  }

  /** Nothing of the slot is left when it resolves. */
  async abandon(): Promise<void> {
    await this.#current?.handle.close().catch(() => undefined);
    this.#current = null;
    await Promise.all(this.#syncs);
    await this.#small?.settle();
    await atStorage(() => rm(this.#folder, { recursive: true, force: true }));
  }

  async #open(file: FileEntry): Promise<void> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const handle = await atStorage(() => open(join(this.#folder, file.path), flags, 0o600));
    this.#current = { file, handle, sha256: createHash('sha256'), unsyncedBytes: 0 };
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const current = this.#current as OpenFile;
    const { handle, sha256 } = current;
    sha256.update(bytes);
    await atStorage(async () => {
      for (let offset = 0; offset < bytes.length;) offset += (await handle.write(bytes, offset)).bytesWritten;
    });
    current.unsyncedBytes += bytes.length;
    if (current.unsyncedBytes < BYTES_PER_WRITE_BACK || this.#syncs.size > 0) return;
    current.unsyncedBytes = 0;
    this.#throwSyncFailure();
    this.#inBackground(() => handle.datasync());
  }

  async #close(): Promise<void> {
    const { file, handle, sha256 } = this.#current as OpenFile;
    if (sha256.digest('hex') !== file.sha256) throw extractFailed('digest differs from the list', file.path);
    await atStorage(() => handle.chmod(Number.parseInt(file.mode, 8)));
    this.#current = null;
    // In the background, so that the last byte of a download is not followed by one fsync per file.
    this.#inBackground(() => handle.sync().finally(() => handle.close()));
    if (this.#syncs.size >= SYNCS_AT_ONCE) await Promise.race(this.#syncs);
    this.#throwSyncFailure();
  }

  /** The kernel tells a failed write to the first call that asks, so no call's failure may be forgotten. */
  #inBackground(act: () => Promise<void>): void {
    const sync = atStorage(act)
      .catch((error: unknown) => void (this.#syncFailure ??= { error }))
      .finally(() => this.#syncs.delete(sync));
    this.#syncs.add(sync);
  }

  #throwSyncFailure(): void {
    if (this.#syncFailure) throw this.#syncFailure.error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
