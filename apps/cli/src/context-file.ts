import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { Ending } from './ending.ts';

const credential = z.discriminatedUnion('via', [
  z.object({ via: z.literal('session'), cookie: z.string(), csrf_token: z.string() }),
  z.object({ via: z.literal('api_token'), token: z.string() }),
]);
/** What proves who asks: a session's cookie with its CSRF token, or an API token. */
export type Credential = z.infer<typeof credential>;

const context = z.object({
  url: z.string(),
  username: z.string().nullable(),
  /** Null after signing out. */
  credential: credential.nullable(),
  /** PEM of who signed the manager's certificate, for those whom the system does not know. */
  ca_file: z.string().nullable(),
});
/** One manager and who one is there. */
export type Context = z.infer<typeof context>;

const contents = z.object({ current: z.string().nullable(), contexts: z.record(z.string(), context) });
export type Contexts = z.infer<typeof contents>;

/** The file with the contexts. It holds what signs in, so it is its owner's alone, also while it is written. */
export class ContextFile {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }

  read(): Contexts {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { current: null, contexts: {} };
      throw this.broken('cannot be read');
    }
    try {
      return contents.parse(JSON.parse(text));
    } catch {
      // Without the parser's words: they quote the text, and there are credentials in it.
      throw this.broken('is not a file of contexts');
    }
  }

  write(contexts: Contexts): void {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    const fresh = `${this.path}.${process.pid}`;
    writeFileSync(fresh, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600 });
    // The mode of a file that a killed run left behind is not changed by writing to it.
    chmodSync(fresh, 0o600);
    renameSync(fresh, this.path);
  }

  private broken(problem: string): Ending {
    return new Ending('usage', {
      code: 'config_invalid',
      meaning: `${this.path} ${problem}.`,
      hint: 'Remove it and sign in again with `tidegate login`.',
    });
  }
}
