import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LINES_EACH = 4;
const MAX_LINE_LENGTH = 400;

/** The end of every log of a system that is about to be removed: all there will be to find out why its demo failed. */
export function lastWords(logs: string): string[] {
  return readdirSync(logs)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .flatMap((name) =>
      readFileSync(join(logs, name), 'utf8')
        .trimEnd()
        .split('\n')
        .slice(-LINES_EACH)
        .map((line) => `${name}: ${line.slice(0, MAX_LINE_LENGTH)}`),
    );
}
