import type { Command } from 'commander';
import { Ending } from './ending.ts';
import { Printer } from './look.ts';
import { checkedUrl, type GlobalOptions, type Surroundings } from './session.ts';
import type { Column } from './table.ts';

interface Shown {
  readonly name: string;
  readonly url: string;
  readonly username: string | null;
  readonly credential: 'session' | 'api_token' | null;
  readonly current: boolean;
}
const COLUMNS: readonly Column<Shown>[] = [
  { head: 'CURRENT', cell: ({ current }) => (current ? '*' : ' ') },
  { head: 'NAME', cell: ({ name }) => name, whole: true },
  { head: 'URL', cell: ({ url }) => url },
  { head: 'USER', cell: ({ username }) => username },
  { head: 'BY', cell: ({ credential }) => credential },
];

/** `context list|use|add|remove`. */
export function addContexts(topic: Command, from: Surroundings): void {
  const known = (name: string): ReturnType<typeof from.contexts.read> => {
    const contexts = from.contexts.read();
    if (Object.hasOwn(contexts.contexts, name)) return contexts;
    throw new Ending('not_found', {
      code: 'context_not_found',
      meaning: `There is no context ${name}.`,
      hint: 'See `tidegate context list`.',
    });
  };
  const printer = (command: Command): Printer => new Printer(from, command.optsWithGlobals<GlobalOptions>());

  topic
    .command('list')
    .description('Managers that you have signed in to. Credentials are not shown.')
    .action((_: object, command: Command) => {
      const { current, contexts } = from.contexts.read();
      const items = Object.entries(contexts).map(([name, { url, username, credential }]): Shown => {
        return { name, url, username, credential: credential?.via ?? null, current: name === current };
      });
      printer(command).list({ items }, () => COLUMNS);
    });
  topic
    .command('use')
    .description('Make a context the current one.')
    .argument('<name>', 'of the context')
    .action((name: string, _: object, command: Command) => {
      from.contexts.write({ ...known(name), current: name });
      printer(command).say(`The current context is ${name}.`);
    });
  topic
    .command('add')
    .description('Note a manager without signing in.')
    .argument('<name>', 'what to call it')
    .argument('<url>', 'where the manager is')
    .option('--ca <file>', 'PEM of who signed the manager’s certificate')
    .action((name: string, url: string, { ca }: { ca?: string }, command: Command) => {
      const { current, contexts } = from.contexts.read();
      const added = { url: checkedUrl(url), username: null, credential: null, ca_file: ca ?? null };
      from.contexts.write({ current: current ?? name, contexts: { ...contexts, [name]: added } });
      printer(command).say(`Noted. Sign in with: tidegate login --context ${name}`);
    });
  topic
    .command('remove')
    .description('Forget a context. Its session stays valid until it ends; `tidegate logout` ends it.')
    .argument('<name>', 'of the context')
    .action((name: string, _: object, command: Command) => {
      const { current, contexts } = known(name);
      const rest = Object.fromEntries(Object.entries(contexts).filter(([other]) => other !== name));
      from.contexts.write({ current: current === name ? null : current, contexts: rest });
      printer(command).say(`Forgotten: ${name}.`);
    });
}
