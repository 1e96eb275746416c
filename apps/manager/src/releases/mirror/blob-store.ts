import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, utimes, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';

/** What was being written when its process ended, and is nobody's any more. */
const ABANDONED_MS = 2 * 3_600_000;
const PARTIAL = '.partial';

/**
 * Files named by their SHA-256, so a name never means two things and replicas may share the folder. At most `maxBytes` in all,
 * what is being written included; the least recently used go first. One that is being sent may go too: its reader holds it open.
 */
export class BlobStore {
  private reservedBytes = 0;

  constructor(
    private readonly folder: string,
    private readonly maxBytes: number,
  ) {}

  async prepare(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const before = Date.now() - ABANDONED_MS;
    for (const file of await this.files()) if (file.name.endsWith(PARTIAL) && file.usedMs < before) await this.remove(file.name);
  }

  /** @returns null when it is not here. Using it makes it the last to go. */
  async open(sha256: string): Promise<FileHandle | null> {
    const path = this.pathOf(sha256);
    const handle = await open(path, 'r').catch(absent);
    if (handle) await utimes(path, new Date(), new Date()).catch(absent);
    return handle;
  }

  async has(sha256: string): Promise<boolean> {
    return (await stat(this.pathOf(sha256)).catch(absent)) !== null;
  }

  /** Whole files that are in memory and whose digest is known. @throws CodedError mirror_full */
  async put(sha256: string, bytes: Uint8Array): Promise<void> {
    const draft = await this.draft(bytes.length);
    try {
      await writeFile(draft.path, bytes, { flush: true });
      await draft.keepAs(sha256);
    } finally {
      await draft.end();
    }
  }

  /** Room for a file of `bytes`, with a name for it until it is whole. `end` must be called. @throws CodedError mirror_full */
  async draft(bytes: number): Promise<{ path: string; keepAs: (sha256: string) => Promise<void>; end: () => Promise<void> }> {
    if (bytes > this.maxBytes) throw new CodedError('mirror_full', { bytes, max_bytes: this.maxBytes });
    this.reservedBytes += bytes;
    await this.makeRoom();
    const name = `${randomUUID()}${PARTIAL}`;
    const path = join(this.folder, name);
    return {
      path,
      keepAs: (sha256) => rename(path, this.pathOf(sha256)),
      end: async () => {
        this.reservedBytes -= bytes;
        await this.remove(name);
      },
    };
  }

  private async makeRoom(): Promise<void> {
    const whole = (await this.files()).filter((file) => !file.name.endsWith(PARTIAL)).sort((a, b) => a.usedMs - b.usedMs);
    let total = this.reservedBytes + whole.reduce((sum, file) => sum + file.bytes, 0);
    for (const file of whole) {
      if (total <= this.maxBytes) return;
      await this.remove(file.name);
      total -= file.bytes;
    }
  }

  private async files(): Promise<{ name: string; bytes: number; usedMs: number }[]> {
    const names = (await readdir(this.folder).catch(absent)) ?? [];
    const found = await Promise.all(names.map(async (name) => ({ name, stats: await stat(join(this.folder, name)).catch(absent) })));
    return found.flatMap(({ name, stats }) => (stats ? [{ name, bytes: stats.size, usedMs: stats.mtimeMs }] : []));
  }

  private async remove(name: string): Promise<void> {
    await rm(join(this.folder, name), { force: true });
  }

  private pathOf(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Error('a file of the mirror is named by a digest');
    return join(this.folder, sha256);
  }
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
