import { constants, crc32, createInflateRaw, createZstdDecompress, type InflateRaw, type ZstdDecompress } from 'node:zlib';
import type { Artefact } from '@tidegate/contract-manifest';
import { GZIP_TRAILER_BYTES, gzipHeaderBytes } from './gzip-header.ts';
import { extractFailed } from './unpack-errors.ts';

export type OutputSink = (bytes: Buffer) => Promise<void>;

/** Takes verified chunks, gives inflated bytes to its sink in order, and insists that one stream fills the artefact exactly. */
export interface Decompressor {
  /** Resolves when the chunk is used up; the caller may then reuse its memory. */
  write(chunk: Buffer): Promise<void>;
  /** Resolves when the sink has had everything. Throws upgrade_extract_failed for truncated and trailing data. */
  end(): Promise<void>;
  /** Resolves when the sink is at rest, whatever state the stream was in. */
  abandon(): Promise<void>;
}

const OUTPUT_BYTES = 256 * 1024;
/** What `zstd -19` needs. More window is more of a node's memory, for the publisher's convenience. */
const ZSTD_WINDOW_LOG_MAX = 23;

export function openDecompressor(format: Artefact['format'], artefactBytes: number, sink: OutputSink): Decompressor {
  if (format === 'tar') return new PlainStage(sink);
  if (format === 'tar.gz') return new GzipMember(artefactBytes, sink);
  return new ZlibStage(
    createZstdDecompress({ chunkSize: OUTPUT_BYTES, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX } }),
    sink,
  );
}

class PlainStage implements Decompressor {
  readonly #sink: OutputSink;
  #running: Promise<void> = Promise.resolve();
  constructor(sink: OutputSink) {
    this.#sink = sink;
  }
  async write(chunk: Buffer): Promise<void> {
    // The tar parser may keep the rest of a block by reference until the next write: chunks stay valid that long.
    this.#running = this.#sink(chunk);
    await this.#running;
  }
  async end(): Promise<void> {}
  abandon(): Promise<void> {
    return this.#running.catch(() => undefined);
  }
}

/** One zlib or zstd stream. Node ignores what follows the end of a stream; here the count of bytes used tells. */
class ZlibStage implements Decompressor {
  readonly #stream: InflateRaw | ZstdDecompress;
  readonly #reading: Promise<void>;
  #fedBytes = 0;

  constructor(stream: InflateRaw | ZstdDecompress, sink: OutputSink) {
    this.#stream = stream;
    this.#reading = this.#read(sink);
    this.#reading.catch(() => undefined);
  }

  async #read(sink: OutputSink): Promise<void> {
    try {
      for await (const bytes of this.#stream as AsyncIterable<Buffer>) await sink(bytes);
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      throw typeof code === 'string' && /^(Z|ZSTD|ERR)_/.test(code) ? extractFailed('decompression') : error;
    }
  }

  async write(chunk: Buffer): Promise<void> {
    if (chunk.length === 0) return;
    this.#fedBytes += chunk.length;
    const written = new Promise<void>((resolve, reject) => {
      this.#stream.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
    // The reader knows why a stream broke; a write only learns that it did, or nothing at all.
    await Promise.race([written.catch(() => this.#reading), this.#reading]);
  }

  async end(): Promise<void> {
    this.#stream.end();
    await this.#reading;
    if (this.#stream.bytesWritten !== this.#fedBytes) throw extractFailed('trailing bytes');
  }

  async abandon(): Promise<void> {
    this.#stream.destroy();
    await this.#reading.catch(() => undefined);
  }
}

/** Exactly one gzip member, from the artefact's first byte to its last. A second one would be bytes nobody listed. */
class GzipMember implements Decompressor {
  readonly #stage: ZlibStage;
  readonly #trailer = Buffer.alloc(GZIP_TRAILER_BYTES);
  readonly #trailerStart: number;
  #offset = 0;
  #crc = 0;
  #outputBytes = 0;

  constructor(artefactBytes: number, sink: OutputSink) {
    this.#trailerStart = artefactBytes - GZIP_TRAILER_BYTES;
    this.#stage = new ZlibStage(createInflateRaw({ chunkSize: OUTPUT_BYTES }), async (bytes) => {
      this.#crc = crc32(bytes, this.#crc);
      this.#outputBytes += bytes.length;
      await sink(bytes);
    });
  }

  async write(chunk: Buffer): Promise<void> {
    const start = this.#offset;
    this.#offset += chunk.length;
    const payloadStart = start === 0 ? gzipHeaderBytes(chunk) : 0;
    const payloadEnd = Math.min(chunk.length, Math.max(0, this.#trailerStart - start));
    if (payloadEnd < chunk.length) chunk.copy(this.#trailer, Math.max(0, start - this.#trailerStart), payloadEnd);
    if (start === 0 && payloadEnd <= payloadStart) throw extractFailed('no gzip data');
    await this.#stage.write(chunk.subarray(payloadStart, payloadEnd));
  }

  async end(): Promise<void> {
    await this.#stage.end();
    if (this.#trailer.readUInt32LE(0) !== this.#crc) throw extractFailed('gzip check value');
    if (this.#trailer.readUInt32LE(4) !== this.#outputBytes % 2 ** 32) throw extractFailed('gzip length');
  }

  abandon(): Promise<void> {
    return this.#stage.abandon();
  }
}
