import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { CreatedUser, GroupRole, PlatformRole, TokenScope, UserView } from '@tidegate/contract-api';
import type { Answer, ManagerUnderTest } from './manager-under-test.ts';

/** Somebody who asks, with what they prove themselves by. */
export interface Person {
  readonly username: string;
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
}

export const PERSON_PASSWORD = 'staple battery horse correct';
export const NOBODY: Person = { username: '', id: '', headers: {} };
let made = 0;

/** Asks as this person; a stream is left as soon as it begins. */
export async function askAs(
  manager: ManagerUnderTest,
  person: Person,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const outgoing = request({
    host: '127.0.0.1',
    port: manager.port,
    method,
    path,
    headers: { ...json, ...person.headers, ...headers },
    agent: false,
  });
  const answered = once(outgoing, 'response');
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await answered) as [IncomingMessage];
  const type = response.headers['content-type'] ?? '';
  if (type.startsWith('text/event-stream')) {
    outgoing.destroy();
    return { status: response.statusCode ?? 0, headers: response.headers, body: '' };
  }
  let text = '';
  for await (const chunk of response) text += String(chunk);
  const parsed: unknown = type.includes('json') && !type.includes('ndjson') ? JSON.parse(text) : text;
  return { status: response.statusCode ?? 0, headers: response.headers, body: parsed };
}

export async function signInAs(
  manager: ManagerUnderTest,
  username: string,
  password = PERSON_PASSWORD,
): Promise<Answer & { person: Person }> {
  const answer = await askAs(manager, NOBODY, 'POST', '/api/v1/session', { username, password });
  const cookie = (answer.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';
  const { user, csrf_token: csrf = '' } = answer.body as { user?: { id: string }; csrf_token?: string };
  return { ...answer, person: { username, id: user?.id ?? '', headers: { cookie, 'x-csrf-token': csrf } } };
}

/** A new user who has not signed in. */
export async function newUser(manager: ManagerUnderTest, role: PlatformRole = 'user', change: object = {}): Promise<UserView> {
  const username = `person-${(made += 1)}`;
  const { status, body } = await manager.call('POST', '/api/v1/users', { username, role, password: PERSON_PASSWORD, ...change });
  if (status !== 201) throw new Error(`user: ${JSON.stringify(body)}`);
  return (body as CreatedUser).user;
}

export const newPerson = async (manager: ManagerUnderTest, role: PlatformRole = 'user'): Promise<Person> =>
  (await signInAs(manager, (await newUser(manager, role)).username)).person;

export async function newGroup(manager: ManagerUnderTest, name = `group-${(made += 1)}`): Promise<{ id: string; name: string }> {
  const { status, body } = await manager.call('POST', '/api/v1/groups', { name });
  if (status !== 201) throw new Error(`group: ${JSON.stringify(body)}`);
  return body as { id: string; name: string };
}

export async function makeMember(
  manager: ManagerUnderTest,
  groupId: string,
  username: string,
  role: GroupRole,
  nodeIds: readonly string[] | null = null,
): Promise<void> {
  const { status, body } = await manager.call('PUT', `/api/v1/groups/${groupId}/members/${username}`, { role, node_ids: nodeIds });
  if (status !== 200) throw new Error(`member: ${JSON.stringify(body)}`);
}

/** The same person, by an API token of theirs. */
export async function withToken(
  manager: ManagerUnderTest,
  owner: Person,
  scopes: readonly TokenScope[],
  change: object = {},
): Promise<Person & { readonly tokenId: string }> {
  const answer = await askAs(manager, owner, 'POST', '/api/v1/account/tokens', { name: `token ${(made += 1)}`, scopes, ...change });
  if (answer.status !== 201) throw new Error(`token: ${JSON.stringify(answer.body)}`);
  const { id, token } = answer.body as { id: string; token: string };
  return { username: owner.username, id: owner.id, headers: { authorization: `Bearer ${token}` }, tokenId: id };
}

/** An open live stream; `ended` settles when the manager ends it. */
export async function streamAs(manager: ManagerUnderTest, { headers }: Person): Promise<{ ended: Promise<unknown> }> {
  const outgoing = request({ host: '127.0.0.1', port: manager.port, path: '/api/v1/stream', headers: { ...headers }, agent: false });
  const answered = once(outgoing, 'response');
  outgoing.end();
  const [response] = (await answered) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`stream: ${response.statusCode}`);
  return { ended: once(response.resume(), 'end') };
}
