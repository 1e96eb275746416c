import { apiTokenList, groupPage, nodePage, userPage, type UpgradeView } from '@tidegate/contract-api';
import type { Client } from './client.ts';
import { Ending, ending } from './ending.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const LOOKED_AT = 500;

interface Named {
  readonly id: string;
  readonly name: string;
}

/** The one object of that name. People type names, the API takes ids; a name that fits several objects is refused, never guessed. */
function only(what: string, name: string, found: readonly Named[], missing: () => Ending): string {
  const fitting = found.filter((one) => one.name === name);
  const [first] = fitting;
  if (!first) throw missing();
  if (fitting.length === 1) return first.id;
  const ids = fitting.map(({ id }) => id);
  throw new Ending('conflict', {
    code: 'name_ambiguous',
    meaning: `There are ${fitting.length} ${what}s called ${name}.`,
    hint: 'Give one of the ids instead.',
    facts: ids,
  });
}

export async function nodeIdOf(client: Client, name: string): Promise<string> {
  if (UUID.test(name)) return name;
  const { items } = nodePage.parse(await client.ask('listNodes', { query: { search: name, limit: LOOKED_AT } }));
  return only('node', name, items, () => ending('not_found', 'node_not_found'));
}

export async function groupIdOf(client: Client, name: string): Promise<string> {
  if (UUID.test(name)) return name;
  const { items } = groupPage.parse(await client.ask('listGroups', { query: { search: name, limit: LOOKED_AT } }));
  return only('group', name, items, () => ending('not_found', 'group_not_found'));
}

export async function userIdOf(client: Client, name: string): Promise<string> {
  if (UUID.test(name)) return name;
  const { items } = userPage.parse(await client.ask('listUsers', { query: { search: name, limit: LOOKED_AT } }));
  return only(
    'user',
    name.toLowerCase(),
    items.map(({ id, username }) => ({ id, name: username })),
    () => ending('not_found', 'user_not_found'),
  );
}

export async function apiTokenIdOf(client: Client, name: string): Promise<string> {
  if (UUID.test(name)) return name;
  const { items } = apiTokenList.parse(await client.ask('listApiTokens'));
  return only('token', name, items, () => ending('not_found', 'api_token_not_found'));
}

/** The upgrade that runs on a node now. */
export async function runningUpgradeOf(client: Client, name: string): Promise<string> {
  const id = await nodeIdOf(client, name);
  const { upgrade } = (await client.ask('readNode', { path: { id } })) as { upgrade: UpgradeView | null };
  if (upgrade && upgrade.finished_at === null) return upgrade.id;
  throw ending('not_found', 'upgrade_not_found', { meaning: `No upgrade is running on ${name}.`, hint: 'See `tidegate upgrade list`.' });
}

/** How a word of the command line becomes what the API takes. */
export const RESOLVERS = {
  node: nodeIdOf,
  group: groupIdOf,
  user: userIdOf,
  apiToken: apiTokenIdOf,
  runningUpgrade: runningUpgradeOf,
} as const satisfies Record<string, (client: Client, name: string) => Promise<string>>;
export type Resolver = keyof typeof RESOLVERS;
