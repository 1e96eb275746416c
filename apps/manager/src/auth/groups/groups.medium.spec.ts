import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../../testing/manager-under-test.ts';
import { askAs, makeMember, newGroup, newPerson, newUser, type Person } from '../../testing/people.ts';
import { newIdentity } from '../../testing/scripted-node.ts';
import { auditOf, sql } from '../../testing/sql.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url });
  await manager.signIn();
});
afterAll(async () => {
  await manager.dispose();
  await database.stop();
});

const enrolInto = async (group: string): Promise<string> => {
  const { node } = await manager.greet(newIdentity());
  const id = await node.enrol(await manager.token({ group }));
  node.end();
  return id;
};
const get = async (person: Person, path: string) => (await askAs(manager, person, 'GET', path)).body;
const names = (body: { items: { name: string }[] }) => body.items.map((item) => item.name);
const rename = (id: string, name: string, revision = 1) =>
  manager.call('PATCH', `/api/v1/groups/${id}`, { name }, { 'if-match': `"${revision}"` });

describe('a group', () => {
  it('is made, read, renamed and removed', async () => {
    const { id } = await newGroup(manager, 'Zürich north');
    expect((await manager.call('GET', `/api/v1/groups/${id}`)).body).toMatchObject({
      name: 'Zürich north',
      nodes: 0,
      your_role: null,
      revision: 1,
    });
    expect((await rename(id, 'north')).body).toMatchObject({ name: 'north', revision: 2 });
    expect((await rename(id, 'south')).body.code).toBe('revision_stale');
    expect((await manager.call('DELETE', `/api/v1/groups/${id}`)).status).toBe(204);
    expect((await manager.call('GET', `/api/v1/groups/${id}`)).body.code).toBe('group_not_found');
  });

  it('has a name of its own', async () => {
    await newGroup(manager, 'first');
    const { id } = await newGroup(manager, 'second');
    expect((await manager.call('POST', '/api/v1/groups', { name: 'first' })).body.code).toBe('group_name_taken');
    expect((await rename(id, 'first')).body.code).toBe('group_name_taken');
  });

  it.each([
    ['no name', {}],
    ['an empty name', { name: '' }],
    ['a name of spaces', { name: '  ' }],
    ['a line break in its name', { name: 'a\nb' }],
    ['a name over its limit', { name: 'x'.repeat(65) }],
    ['an id', { name: 'fine', id: '00000000-0000-4000-8000-000000000000' }],
    ['a revision', { name: 'fine', revision: 7 }],
  ])('is refused with %s', async (_, body) => {
    expect((await manager.call('POST', '/api/v1/groups', body)).body).toMatchObject({ status: 400, code: 'request_invalid' });
  });

  it('is not removed while it has nodes, and takes unused registration tokens with it', async () => {
    const full = await newGroup(manager);
    await enrolInto(full.name);
    expect((await manager.call('DELETE', `/api/v1/groups/${full.id}`)).body).toMatchObject({
      status: 409,
      code: 'group_not_empty',
      details: { nodes: 1 },
    });
    const empty = await newGroup(manager);
    const token = await manager.token({ group: empty.name });
    expect((await manager.call('DELETE', `/api/v1/groups/${empty.id}`)).status).toBe(204);
    const { node } = await manager.greet(newIdentity());
    node.say({ type: 'register', protocol: 1, token, public_key: node.identity.publicKey, device_type: 'tidegate-edge', facts: {} });
    expect((await node.whenClosed()).code).toBeGreaterThan(1000);
  });
});

describe('the list of groups', () => {
  it('shows what the caller may see, with what they are there', async () => {
    const person = await newPerson(manager);
    const [a, b] = [await newGroup(manager, 'list-a'), await newGroup(manager, 'list-b')];
    await newGroup(manager, 'list-c');
    const nodeId = await enrolInto('list-b');
    await enrolInto('list-b');
    await makeMember(manager, a.id, person.username, 'admin');
    await makeMember(manager, b.id, person.username, 'viewer', [nodeId]);
    expect((await get(person, '/api/v1/groups')).items).toMatchObject([
      { name: 'list-a', your_role: 'admin', limited: false, nodes: 0 },
      { name: 'list-b', your_role: 'viewer', limited: true, nodes: 1 },
    ]);
    const page = (await manager.call('GET', '/api/v1/groups?search=LIST&limit=2')).body;
    expect(names(page)).toEqual(['list-a', 'list-b']);
    const rest = (await manager.call('GET', `/api/v1/groups?search=LIST&limit=2&cursor=${page.next_cursor}`)).body;
    expect([names(rest), rest.next_cursor]).toEqual([['list-c'], null]);
  });
});

describe('members', () => {
  it('get what their role allows at once, and lose it at once', async () => {
    const group = await newGroup(manager);
    const person = await newPerson(manager);
    const path = `/api/v1/groups/${group.id}`;
    expect((await get(person, path)).code).toBe('forbidden');
    await makeMember(manager, group.id, person.username, 'viewer');
    expect(await get(person, path)).toMatchObject({ your_role: 'viewer' });
    expect((await get(person, `${path}/members`)).code).toBe('forbidden');
    await makeMember(manager, group.id, person.username, 'admin');
    expect((await get(person, `${path}/members`)).items).toMatchObject([{ username: person.username, role: 'admin', node_ids: null }]);
    expect((await manager.call('DELETE', `${path}/members/${person.username}`)).status).toBe(204);
    expect((await get(person, path)).code).toBe('forbidden');
    expect((await manager.call('DELETE', `${path}/members/${person.username}`)).body.code).toBe('member_not_found');
  });

  it('are managed by an admin of that group alone, who may take themselves out', async () => {
    const [own, foreign] = [await newGroup(manager), await newGroup(manager)];
    const admin = await newPerson(manager);
    const { username } = await newUser(manager);
    await makeMember(manager, own.id, admin.username, 'admin');
    const put = (groupId: string) => askAs(manager, admin, 'PUT', `/api/v1/groups/${groupId}/members/${username}`, { role: 'admin' });
    expect((await put(own.id)).body).toMatchObject({ username, role: 'admin' });
    expect((await auditOf(database.url, own.id)).at(-1)).toMatchObject({
      actor: admin.username,
      action: 'group.member.put',
      details: { username, before: null, after: { role: 'admin', node_ids: null } },
    });
    expect((await put(foreign.id)).body.code).toBe('group_not_found');
    expect((await askAs(manager, admin, 'DELETE', `/api/v1/groups/${own.id}/members/${admin.username}`)).status).toBe(204);
    expect((await put(own.id)).body.code).toBe('forbidden');
  });

  it.each([
    ['a role above admin', { role: 'super_admin' }],
    ['no role', {}],
    ['no nodes at all', { role: 'viewer', node_ids: [] }],
    ['too many nodes', { role: 'viewer', node_ids: Array.from({ length: 501 }, () => '00000000-0000-4000-8000-000000000000') }],
    ['another user’s id', { role: 'viewer', user_id: '00000000-0000-4000-8000-000000000000' }],
  ])('cannot be given %s', async (_, body) => {
    const group = await newGroup(manager);
    const { username } = await newUser(manager);
    const answer = await manager.call('PUT', `/api/v1/groups/${group.id}/members/${username}`, body);
    expect(answer.body).toMatchObject({ status: 400, code: 'request_invalid' });
  });

  it('have to be users, and their nodes nodes of the group', async () => {
    const [own, foreign] = [await newGroup(manager), await newGroup(manager)];
    const { username } = await newUser(manager);
    const nodeId = await enrolInto(foreign.name);
    const put = (name: string, nodeIds: string[] | null) =>
      manager.call('PUT', `/api/v1/groups/${own.id}/members/${name}`, { role: 'viewer', node_ids: nodeIds });
    expect((await put('nobody-of-that-name', null)).body.code).toBe('user_not_found');
    expect((await put('not%20a%20name', null)).body.code).toBe('request_invalid');
    expect((await put(username, [nodeId])).body).toMatchObject({ code: 'node_not_found', details: { node_ids: [nodeId] } });
  });

  it('are listed by name, page by page', async () => {
    const group = await newGroup(manager);
    const usernames = [];
    for (let count = 0; count < 3; count += 1) usernames.push((await newUser(manager)).username);
    for (const username of usernames) await makeMember(manager, group.id, username, 'viewer');
    const path = `/api/v1/groups/${group.id}/members?limit=2`;
    const first = (await manager.call('GET', path)).body;
    const second = (await manager.call('GET', `${path}&cursor=${first.next_cursor}`)).body;
    const found = [...first.items, ...second.items].map((item: { username: string }) => item.username);
    expect([found, second.next_cursor]).toEqual([usernames.toSorted(), null]);
  });
});

describe('a membership limited to some nodes', () => {
  it('sees and commands those alone, and nothing once they have left the group', async () => {
    const group = await newGroup(manager);
    const person = await newPerson(manager);
    const [mine, other] = [await enrolInto(group.name), await enrolInto(group.name)];
    await makeMember(manager, group.id, person.username, 'operator', [mine]);
    const seen = async () => ((await get(person, '/api/v1/nodes')).items as { id: string }[]).map((item) => item.id);
    expect(await seen()).toEqual([mine]);
    const upgrade = (id: string) => askAs(manager, person, 'POST', `/api/v1/nodes/${id}/upgrade`, { version: '1.1.0' });
    expect((await upgrade(mine)).body.code).toBe('node_offline');
    expect((await upgrade(other)).body.code).toBe('node_not_found');

    const elsewhere = await newGroup(manager);
    await sql(database.url, 'UPDATE nodes SET group_id = $2 WHERE id = $1', [mine, elsewhere.id]);
    expect(await seen()).toEqual([]);
    expect((await upgrade(mine)).body.code).toBe('node_not_found');
    // With its last node gone from the database it still is a limited one.
    await sql(database.url, 'DELETE FROM nodes WHERE id = $1', [mine]);
    expect(await seen()).toEqual([]);
    expect(await get(person, `/api/v1/groups/${group.id}`)).toMatchObject({ limited: true, nodes: 0 });
  });
});
