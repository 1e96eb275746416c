import { createHash, type Hash } from 'node:crypto';

export interface ArtefactDigests {
  readonly size: number;
  readonly sha256: string;
  readonly chunkSha256: readonly string[];
}

/** Digests a stream whole and in chunks of `chunkBytes`, so that a node can check bytes while they arrive. */
export class ChunkDigests {
  readonly #chunkBytes: number;
  readonly #whole = createHash('sha256');
  readonly #chunkSha256: string[] = [];
  #chunk: Hash | null = null;
  #chunkFill = 0;
  #size = 0;

  constructor(chunkBytes: number) {
    this.#chunkBytes = chunkBytes;
  }

  update(bytes: Uint8Array): void {
    this.#whole.update(bytes);
    this.#size += bytes.length;
    for (let offset = 0; offset < bytes.length;) {
      const piece = bytes.subarray(offset, offset + this.#chunkBytes - this.#chunkFill);
      this.#chunk ??= createHash('sha256');
      this.#chunk.update(piece);
      this.#chunkFill += piece.length;
      offset += piece.length;
      if (this.#chunkFill === this.#chunkBytes) this.#closeChunk();
    }
  }

  finish(): ArtefactDigests {
    this.#closeChunk();
    return { size: this.#size, sha256: this.#whole.digest('hex'), chunkSha256: this.#chunkSha256 };
  }

  #closeChunk(): void {
    if (this.#chunk) this.#chunkSha256.push(this.#chunk.digest('hex'));
    this.#chunk = null;
    this.#chunkFill = 0;
  }
}
