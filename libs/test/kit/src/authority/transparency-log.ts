import { sign } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import type { SigningKey } from './keys.ts';
import { inclusionProof, leafHash, treeRoot } from './merkle.ts';

interface StoredEntry {
  /** base64 of the canonical body: the leaf. */
  readonly body: string;
  /** Unix seconds. */
  readonly integratedTime: number;
}

/** Rekor v1's answer for one entry, without the uuid it stands under. */
export interface LogEntry extends StoredEntry {
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: {
    readonly inclusionProof: {
      readonly checkpoint: string;
      readonly hashes: readonly string[];
      readonly logIndex: number;
      readonly rootHash: string;
      readonly treeSize: number;
    };
    readonly signedEntryTimestamp: string;
  };
}

/**
 * An append-only Merkle log in one file, an entry per line. Trees are rebuilt in memory for each proof: it serves demos and
 * tests, with thousands of entries at most.
 */
export class TransparencyLog {
  readonly #path: string;
  readonly #key: SigningKey;
  /** Name in checkpoints; must be part of the log's address in the trusted root. */
  readonly #origin: string;
  readonly #entries: StoredEntry[];
  readonly #hashes: Buffer[];

  constructor(path: string, key: SigningKey, origin: string) {
    this.#path = path;
    this.#key = key;
    this.#origin = origin;
    this.#entries = readEntries(path);
    this.#hashes = this.#entries.map(({ body }) => leafHash(Buffer.from(body, 'base64')));
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Durable before the log promises anything about it. Returns the uuid, and whether the leaf is new. */
  append(leaf: Buffer, now: Date): { uuid: string; isNew: boolean } {
    const hash = leafHash(leaf);
    const uuid = hash.toString('hex');
    if (this.#indexOf(uuid) >= 0) return { uuid, isNew: false };
    const entry = { body: leaf.toString('base64'), integratedTime: Math.floor(now.getTime() / 1000) };
    const file = openSync(this.#path, 'a', 0o600);
    try {
      writeSync(file, `${JSON.stringify(entry)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    this.#entries.push(entry);
    this.#hashes.push(hash);
    return { uuid, isNew: true };
  }

  /** With a proof against the tree as it is now. */
  entry(uuid: string): LogEntry | null {
    const index = this.#indexOf(uuid);
    const stored = this.#entries[index];
    if (stored === undefined) return null;
    const logID = this.#key.keyId.toString('hex');
    // Canonical JSON of exactly these four fields, keys in order, is what a SET signs.
    const promise = JSON.stringify({ body: stored.body, integratedTime: stored.integratedTime, logID, logIndex: index });
    return {
      ...stored,
      logID,
      logIndex: index,
      verification: {
        inclusionProof: {
          checkpoint: this.#checkpoint(),
          hashes: inclusionProof(index, this.#hashes).map((hash) => hash.toString('hex')),
          logIndex: index,
          rootHash: treeRoot(this.#hashes).toString('hex'),
          treeSize: this.size,
        },
        signedEntryTimestamp: sign('sha256', Buffer.from(promise), this.#key.privateKey).toString('base64'),
      },
    };
  }

  #indexOf(uuid: string): number {
    return this.#hashes.findIndex((hash) => hash.toString('hex') === uuid);
  }

  /** C2SP signed note: origin, size, root, blank line, signature behind the first four bytes of the key's id. */
  #checkpoint(): string {
    const note = `${this.#origin}\n${this.size}\n${treeRoot(this.#hashes).toString('base64')}\n`;
    const signature = sign('sha256', Buffer.from(note), this.#key.privateKey);
    return `${note}\n\u2014 ${this.#origin} ${Buffer.concat([this.#key.keyId.subarray(0, 4), signature]).toString('base64')}\n`;
  }
}

/** A last line without its end was never promised to anyone: it is cut off, so that the next append starts a line. */
function readEntries(path: string): StoredEntry[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) writeFileSync(path, whole, { flush: true });
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as StoredEntry);
}
