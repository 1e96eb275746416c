import type { FileEntry } from '@tidegate/contract-manifest';
import { Parser, type ReadEntry } from 'tar';
import type { SlotPlan } from './slot-plan.ts';
import { extractFailed } from './unpack-errors.ts';

/** What the writer does next. Parsing gives steps, in order; nothing is written while a header is still being judged. */
export type WriteStep =
  { readonly kind: 'open'; readonly file: FileEntry } | { readonly kind: 'data'; readonly bytes: Uint8Array } | { readonly kind: 'close' };

const BLOCK_BYTES = 512;
const SPECIAL_BITS = 0o7000;
/** A pax record or long name larger than this is no path of a signed list. */
const MAX_META_BYTES = 16 * 1024;

/**
 * Reads a tar stream strictly against the plan. Every entry must be a listed file, once, with its signed size and mode
 * class, or a folder that a listed file lies in, once. The archive ends with its end marker and then holds zeros only:
 * data after the marker would be bytes that some tools unpack and we did not look at.
 */
export class TarSteps {
  readonly #plan: SlotPlan;
  readonly #parser = new Parser({ strict: true, zstd: false, brotli: false, maxMetaEntrySize: MAX_META_BYTES });
  readonly #folders: Set<string>;
  readonly #seen = new Set<string>();
  #steps: WriteStep[] = [];
  #offset = 0;
  #problem: Error | null = null;
  #loneZeroBlock = false;
  #ended = false;
  #inFile = false;

  constructor(plan: SlotPlan) {
    this.#plan = plan;
    this.#folders = new Set(plan.folders);
    const fail = (error: Error): void => void (this.#problem ??= error);
    this.#parser.on('entry', (entry: ReadEntry) => {
      const refusal = this.#judge(entry);
      if (refusal) fail(refusal);
      // Read to its end in any case, so that the parser goes on and stays synchronous.
      if (refusal || entry.type === 'Directory') entry.resume();
      else this.#follow(entry);
    });
    this.#parser.on('ignoredEntry', (entry: ReadEntry) => fail(extractFailed('entry of an unsupported kind', entry.path)));
    this.#parser.on('nullBlock', () => {
      this.#loneZeroBlock = true;
    });
    this.#parser.on('eof', () => {
      this.#ended = true;
    });
    this.#parser.on('error', (error: { tarCode?: string }) =>
      fail(extractFailed(error.tarCode === 'TAR_ENTRY_INVALID' ? 'malformed header' : 'malformed archive')),
    );
  }

  /** Steps of the next bytes of the stream. Throws upgrade_extract_failed. */
  next(bytes: Buffer): WriteStep[] {
    if (this.#offset === 0 && bytes[0] === 0x1f) {
      // The parser would inflate a gzip stream inside by itself, past every bound set here. No listed name starts so.
      throw extractFailed('compressed twice');
    }
    this.#offset += bytes.length;
    if (this.#offset > this.#plan.maxTarBytes) throw extractFailed('longer than its signed list allows');
    // The parser swallows what follows the end marker. So the zeros at the end of these bytes are given apart: if the
    // marker was met before the last block that holds anything, that block lies behind it.
    const split = bytes.length - this.#trailingZeroBlocks(bytes);
    this.#feed(bytes.subarray(0, split), true);
    this.#feed(bytes.subarray(split), false);
    const steps = this.#steps;
    this.#steps = [];
    return steps;
  }

  /** Call when the stream is over. */
  end(): void {
    if (this.#inFile || !this.#ended) throw extractFailed('truncated archive');
    for (const path of this.#plan.files.keys()) if (!this.#seen.has(path)) throw extractFailed('listed file is missing', path);
  }

  #feed(bytes: Buffer, holdsData: boolean): void {
    if (bytes.length === 0) return;
    if (!this.#ended) this.#parser.write(bytes);
    if (this.#problem) throw this.#problem;
    if (this.#ended && holdsData) throw extractFailed('data after the end marker');
  }

  /** Bytes at the end that are whole zero blocks of the stream, or zeros after its last block boundary. */
  #trailingZeroBlocks(bytes: Buffer): number {
    let last = bytes.length - 1;
    while (last >= 0 && bytes[last] === 0) last -= 1;
    if (last < 0) return bytes.length;
    const streamEnd = this.#offset - bytes.length + last + 1;
    const boundary = Math.ceil(streamEnd / BLOCK_BYTES) * BLOCK_BYTES;
    return Math.max(0, this.#offset - boundary);
  }

  #judge(entry: ReadEntry): Error | null {
    const isFolder = entry.type === 'Directory';
    const path = isFolder ? entry.path.replace(/\/$/, '') : entry.path;
    if (this.#loneZeroBlock) return extractFailed('entry after a zero block', path);
    if (!isFolder && entry.type !== 'File' && entry.type !== 'OldFile') return extractFailed('neither file nor folder', path);
    if (this.#seen.has(path)) return extractFailed('entry stands twice', path);
    this.#seen.add(path);
    if (isFolder) return this.#folders.has(path) && entry.size === 0 ? null : extractFailed('folder is not listed', path);
    const file = this.#plan.files.get(path);
    if (!file) return extractFailed('file is not listed', path);
    if (entry.size !== file.size) return extractFailed('size differs from the list', path);
    const mode = entry.mode ?? 0;
    const modeClass = mode & 0o100 ? '0755' : '0644';
    if (mode & SPECIAL_BITS || modeClass !== file.mode) return extractFailed('mode differs from the list', path);
    return null;
  }

  #follow(entry: ReadEntry): void {
    const file = this.#plan.files.get(entry.path) as FileEntry;
    this.#inFile = true;
    this.#steps.push({ kind: 'open', file });
    entry.on('end', () => {
      this.#inFile = false;
      this.#steps.push({ kind: 'close' });
    });
    entry.on('data', (bytes: Uint8Array) => void this.#steps.push({ kind: 'data', bytes }));
  }
}
