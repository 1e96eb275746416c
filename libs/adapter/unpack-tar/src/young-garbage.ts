import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { type: 'minor' | 'major' }) => void;

/** Much less than a young generation's worth of buffers, much more than a collection costs. */
const COLLECT_EVERY_BYTES = 2 * 1024 * 1024;
/** A buffer that was in use at two collections counts as old, and only a full one frees it: 10 MB of them in a large artefact. */
const FULL_EVERY = 16;

/**
 * Buffers of what was received and inflated are garbage at once, but the engine counts the few bytes that stand for each of
 * them and not the memory behind: it lets a young generation of them fill up, which is a hundred megabytes resident. So they
 * are collected by what passed through. A hint and no more: a runtime without it works as well and holds more.
 */
export class YoungGarbage {
  readonly #collect: Collect | null;
  #passedBytes = 0;
  #collections = 0;

  constructor(collect: Collect | null = collector()) {
    this.#collect = collect;
  }

  passed(bytes: number): void {
    this.#passedBytes += bytes;
    if (this.#passedBytes < COLLECT_EVERY_BYTES) return;
    this.#passedBytes = 0;
    this.#collections += 1;
    this.#collect?.({ type: this.#collections % FULL_EVERY === 0 ? 'major' : 'minor' });
  }
}

let known: Collect | null | undefined;
function collector(): Collect | null {
  if (known === undefined) {
    setFlagsFromString('--expose-gc');
    known = runInNewContext('typeof gc === "function" ? gc : null') as Collect | null;
  }
  return known;
}
