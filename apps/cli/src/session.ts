import { Client, type Manager } from './client.ts';
import type { Context, ContextFile, Contexts } from './context-file.ts';
import { badUsage, ending, Ending } from './ending.ts';

/** What the process gives; tests give their own. */
export interface Surroundings {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly contexts: ContextFile;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly readFile: (path: string) => string;
  readonly now: () => Date;
  /** From TIDEGATE_URL and TIDEGATE_TOKEN: for pipelines, which have no contexts. */
  readonly environment: { readonly url: string | undefined; readonly token: string | undefined };
  /** Whether the terminal and the user want colour at all; `--no-color` still wins. */
  readonly mayColor: boolean;
}

export const OUTPUTS = ['table', 'json', 'yaml'] as const;
/** The options that every command takes. */
export interface GlobalOptions {
  readonly output: (typeof OUTPUTS)[number];
  readonly context?: string;
  readonly url?: string;
  readonly quiet?: boolean;
  readonly utc?: boolean;
  readonly color: boolean;
}

export function contextNamed(contexts: Contexts, options: GlobalOptions): { name: string; context: Context } | null {
  const name = options.context ?? contexts.current;
  if (name === null) return null;
  const context = Object.hasOwn(contexts.contexts, name) ? contexts.contexts[name] : undefined;
  if (context) return { name, context };
  throw new Ending('not_found', {
    code: 'context_not_found',
    meaning: `There is no context ${name}.`,
    hint: 'See `tidegate context list`.',
  });
}

/** The manager that a command is for: --url and TIDEGATE_TOKEN first, then the context. */
export function managerOf(from: Surroundings, options: GlobalOptions): Manager {
  const url = options.url ?? from.environment.url;
  if (url !== undefined && options.context === undefined && from.environment.token !== undefined)
    return { url: checkedUrl(url), ca: null, credential: { via: 'api_token', token: from.environment.token } };
  const found = contextNamed(from.contexts.read(), options);
  if (!found)
    throw ending('not_signed_in', 'not_signed_in', { meaning: 'There is no context.', hint: 'Sign in with `tidegate login URL`.' });
  const { context } = found;
  const asked = options.url === undefined ? context.url : checkedUrl(options.url);
  // A credential never goes to another manager than the one it was made by.
  if (new URL(asked).origin !== new URL(context.url).origin)
    throw badUsage(`The context ${found.name} is for ${context.url}.`, 'Sign in there with `tidegate login URL`, or set TIDEGATE_TOKEN.');
  if (context.credential === null) throw ending('not_signed_in', 'not_signed_in', { hint: 'Sign in with `tidegate login`.' });
  return { url: asked, ca: context.ca_file === null ? null : from.readFile(context.ca_file), credential: context.credential };
}

export const clientOf = (from: Surroundings, options: GlobalOptions): Client => new Client(managerOf(from, options), from.signal);

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Plain http only on this machine: a password must not cross a network in clear. */
export function checkedUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw badUsage(`${text} is no URL.`, 'It looks like https://manager.example.org');
  }
  if (url.username !== '' || url.password !== '')
    throw badUsage('The URL holds a user or a password.', 'Leave them out; `tidegate login` asks.');
  if (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))) return url.origin;
  throw badUsage(`${url.protocol}// is not accepted for ${url.hostname}.`, 'Use https; http only for this machine.');
}
