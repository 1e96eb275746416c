import { setTimeout as sleep } from 'node:timers/promises';
import { Ending, ending } from './ending.ts';
import type { Printer } from './look.ts';
import type { Surroundings } from './session.ts';
import { StatusLine } from './status-line.ts';

const ASK_EVERY_MS = 1000;
/** A manager that restarts is waited for; what is watched goes on without it. */
const PATIENCE_MS = 120_000;

interface Watched<T> {
  readonly ask: () => Promise<T>;
  readonly hasEnded: (found: T) => boolean;
  readonly lineOf: (found: T) => string;
  /** Where nobody looks at a terminal a line is printed when this is another one. */
  readonly newsOf: (found: T) => string;
  /** The command that watches on. */
  readonly again: string;
}

/**
 * Shows something on one line until it has ended.
 * @returns it as it ended. @throws Ending timeout when it did not end in time
 */
export async function watch<T>(watched: Watched<T>, printer: Printer, from: Surroundings, timeoutS: number | null): Promise<T> {
  const begunAt = from.now().getTime();
  const line = new StatusLine(from.stderr, printer.options.quiet === true);
  let heardAt = begunAt;
  let said = '';
  try {
    for (;;) {
      const found = await watched.ask().catch((error: unknown) => {
        if (error instanceof Ending && error.exit === 'unavailable' && from.now().getTime() - heardAt < PATIENCE_MS) return null;
        throw error;
      });
      if (found !== null) heardAt = from.now().getTime();
      if (found !== null && watched.hasEnded(found)) return found;
      const news = found === null ? '' : watched.newsOf(found);
      line.show(found === null ? 'the manager does not answer; still asking' : watched.lineOf(found), news !== said);
      said = news;
      if (timeoutS !== null && from.now().getTime() - begunAt > timeoutS * 1000)
        throw ending('timeout', 'upgrade_timeout', {
          meaning: `It has not ended after ${timeoutS} s.`,
          hint: `It goes on: ${watched.again}`,
        });
      await sleep(ASK_EVERY_MS, undefined, { signal: from.signal });
    }
  } finally {
    line.clear();
  }
}
