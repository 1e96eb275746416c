import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const defaultMaxBytes = 4 * 1024 * 1024;

/** Appends a service's output and keeps one older file (`<file>.1`), so that a chatty crash loop holds twice `maxBytes` at most. */
export class LogFile {
  readonly #file: string;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(file: string, maxBytes = defaultMaxBytes) {
    this.#file = file;
    this.#maxBytes = maxBytes;
    mkdirSync(dirname(file), { recursive: true });
    this.#bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Synchronous, so that the last words of a dying process are there before its `exited` event. A full disk loses lines, not the service. */
  write(chunk: Buffer | string): void {
    try {
      if (this.#bytes + chunk.length > this.#maxBytes && this.#bytes > 0) {
        renameSync(this.#file, `${this.#file}.1`);
        this.#bytes = 0;
      }
      appendFileSync(this.#file, chunk);
      this.#bytes += chunk.length;
    } catch {
      // Nowhere to say it: this is the place where things are said.
    }
  }
}
