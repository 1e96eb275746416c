import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { GuardVerdict } from './options.ts';

/** Tells each verdict of the guard once: also the one of a `pre`, which has no output to read it from. */
export class VerdictWatch {
  readonly #file: string;
  #seen: string | undefined;

  constructor(guardDir: string) {
    this.#file = join(guardDir, 'verdict');
    this.#seen = this.#read();
  }

  next(): GuardVerdict | undefined {
    const text = this.#read();
    if (text === undefined || text === this.#seen) return undefined;
    this.#seen = text;
    return parseVerdict(text);
  }

  #read(): string | undefined {
    try {
      return readFileSync(this.#file, 'utf8');
    } catch {
      return undefined;
    }
  }
}

/** Parses the file format of docs/node-disk.md; undefined for a verdict of an unknown kind. */
export function parseVerdict(text: string): GuardVerdict | undefined {
  const fields = new Map(text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  const verdict = fields.get('verdict');
  if (verdict !== 'committed' && verdict !== 'reverted') return undefined;
  const word = (key: string): string => fields.get(key) ?? 'unknown';
  return { type: 'verdict', verdict, attempt: word('attempt'), target: word('target'), from: word('from'), reason: word('reason') };
}
