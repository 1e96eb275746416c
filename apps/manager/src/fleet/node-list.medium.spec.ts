import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NodePage, NodeView } from '@tidegate/contract-api';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { askAs, makeMember, newGroup, newPerson } from '../testing/people.ts';
import { facts, newIdentity, type ScriptedNode } from '../testing/scripted-node.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;
const nodes: ScriptedNode[] = [];
const byName = new Map<string, ScriptedNode>();
let quay: { id: string; name: string };

interface Made {
  readonly name: string;
  readonly group?: string;
  readonly deviceType?: string;
  readonly labels?: Record<string, string>;
  readonly beat?: object | null;
}

async function make({ name, group = 'default', deviceType = 'tidegate-edge', labels, beat = {} }: Made): Promise<ScriptedNode> {
  const { node, hello } = await manager.greet(newIdentity());
  nodes.push(node);
  byName.set(name, node);
  const token = await manager.token({ group, device_type: deviceType });
  await node.enrol(token, { device_type: deviceType, facts: facts(name) });
  await node.authenticate(hello);
  if (beat) await node.beat(beat);
  if (labels) {
    const path = `/api/v1/nodes/${node.identity.nodeId}`;
    await manager.call('PUT', `${path}/labels`, { labels }, { 'if-match': `"${(await manager.call('GET', path)).body.revision}"` });
  }
  return node;
}

const list = async (query: string): Promise<NodePage> => (await manager.call('GET', `/api/v1/nodes?${query}`)).body as NodePage;
const names = async (query: string): Promise<string[]> => (await list(query)).items.map((node) => node.name);
const counts = async (query = '') => (await manager.call('GET', `/api/v1/nodes/counts?${query}`)).body;
const nextTurn = (): Promise<void> => new Promise((settle) => setImmediate(settle));
const idOf = (name: string): string => byName.get(name)?.identity.nodeId ?? '';

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url });
  await manager.signIn();
  quay = await newGroup(manager, 'quay');
  await make({ name: 'silent', beat: { software_version: '1.9.0' } });
  manager.clock.advance(50_000);
  await make({ name: 'quiet', beat: { software_version: '1.10.0-rc.1' } });
  manager.clock.advance(41_000);
  await make({
    name: 'crane-1',
    group: 'quay',
    labels: { site: 'harbour', canary: '' },
    beat: { software_version: '1.10.0', highest_sequence: 4 },
  });
  await make({
    name: 'crane-2',
    group: 'quay',
    labels: { site: 'harbour' },
    beat: { software_version: '1.10.0', highest_sequence: 3, guard_version: '2' },
  });
  await make({ name: 'new', beat: null });
  await make({ name: 'car', deviceType: 'gateway', labels: { site: 'yard_100' }, beat: { software_version: '0.1.0' } });
  // What the nodes of a device type have in common is read anew after this.
  manager.clock.advance(5000);
});
afterAll(async () => {
  for (const node of nodes) node.end();
  await manager.dispose();
  await database.stop();
});

describe('the list of nodes', () => {
  it.each([
    ['sort=name', ['car', 'crane-1', 'crane-2', 'new', 'quiet', 'silent']],
    ['sort=name&order=desc', ['silent', 'quiet', 'new', 'crane-2', 'crane-1', 'car']],
    // As semantic versions: 1.9.0 before 1.10.0-rc.1 before 1.10.0; a node that never said one comes first.
    ['sort=software_version', ['new', 'car', 'silent', 'quiet', 'crane-1', 'crane-2']],
    ['sort=group', ['default', 'default', 'default', 'default', 'quay', 'quay']],
    ['sort=enrolled_at', ['silent', 'quiet']],
    ['sort=last_seen_at', ['new', 'silent', 'quiet']],
  ])('sorts by %s, also page by page', async (query, expected) => {
    const field = query.startsWith('sort=group') ? 'group' : 'name';
    const whole = await list(query);
    const told = whole.items.map((node) => node[field]);
    // Ties are broken by id, which is random.
    const comparable =
      query === 'sort=software_version' ? [...told.slice(0, -2), ...told.slice(-2).sort()] : told.slice(0, expected.length);
    expect(comparable).toEqual(expected);
    const paged: NodeView[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: NodePage = await list(`${query}&limit=2${cursor && `&cursor=${cursor}`}`);
      expect(page).toMatchObject({ total: 6, total_capped: false });
      paged.push(...page.items);
      cursor = page.next_cursor;
    }
    expect(paged.map((node) => node.id)).toEqual(whole.items.map((node) => node.id));
  });

  it.each([
    ['search=CRANE', ['crane-1', 'crane-2']],
    ['search=harbour', ['crane-1', 'crane-2']],
    ['search=d_1', ['car']],
    ['search=%25', []],
    ['group=quay', ['crane-1', 'crane-2']],
    ['group=no-such', []],
    ['device_type=gateway', ['car']],
    ['version=1.10.0', ['crane-1', 'crane-2']],
    ['labels=site%3Dharbour', ['crane-1', 'crane-2']],
    ['labels=site%3Dharbour,canary', ['crane-1']],
    ['labels=canary', ['crane-1']],
    ['labels=site%3Dharbour,site%3Dyard', []],
    ['connection=never', ['new']],
    ['connection=offline', ['silent']],
    ['connection=stale', ['quiet']],
    ['connection=online', ['car', 'crane-1', 'crane-2']],
    ['badge=none&device_type=gateway', ['car']],
    ['badge=updated', []],
    ['behind_sequence=true&group=quay', ['crane-2']],
    ['behind_sequence=false&group=quay', ['crane-1']],
    ['guard_outdated=true&group=quay', ['crane-1']],
    ['trust_differs=true', []],
    ['maintenance=true', []],
    ['quarantined=false&device_type=gateway', ['car']],
  ])('filters by %s, and the counts agree', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
    expect((await counts(query)).total).toBe(expected.length);
  });

  it('finds a node by the beginning of its id', async () => {
    expect(await names(`search=${idOf('crane-2').slice(0, 13)}`)).toEqual(['crane-2']);
  });

  it.each([
    ['sort=password'],
    ['labels=Site'],
    ['labels=a%3Db%3Dc'],
    ['maintenance=yes'],
    ['search=a%0Ab'],
    ['limit=501'],
    ['cursor=eyJrZXkiOiJ4In0'],
    ['connection=exploded'],
    ['sort=name&sort=group'],
  ])('refuses %s', async (query) => {
    expect(await manager.call('GET', `/api/v1/nodes?${query}`)).toMatchObject({ status: 400, body: { code: 'request_invalid' } });
  });

  it.each([`'; DROP TABLE nodes; --`, `\\`, `' OR '1'='1`, '%', '$1'])('takes %j for text', async (text) => {
    const query = ['search', 'group', 'version'].map((field) => `${field}=${encodeURIComponent(text)}`).join('&');
    expect((await list(query)).items).toEqual([]);
    expect((await list('')).total).toBe(6);
  });
});

describe('what the list says of a node', () => {
  it('equals what its own page says, and both equal the counts', async () => {
    const { items } = await list('');
    for (const item of items) expect((await manager.call('GET', `/api/v1/nodes/${item.id}`)).body).toEqual(item);
    expect(await counts()).toMatchObject({
      total: 6,
      connection: { online: 3, stale: 1, offline: 1, never: 1, respawning: 0 },
      badge: { none: 6, upgrading: 0, updated: 0 },
      versions: expect.arrayContaining([
        { software_version: '1.10.0', nodes: 2 },
        { software_version: null, nodes: 1 },
      ]),
      device_types: [
        { device_type: 'tidegate-edge', nodes: 5 },
        { device_type: 'gateway', nodes: 1 },
      ],
      groups: [
        { id: expect.any(String), name: 'default', nodes: 4 },
        { id: quay.id, name: 'quay', nodes: 2 },
      ],
      behind_sequence: 4 - 1,
      guard_outdated: 3,
      label_values: null,
    });
    expect((await counts('by_label=site')).label_values).toEqual([
      { value: null, nodes: 3 },
      { value: 'harbour', nodes: 2 },
      { value: 'yard_100', nodes: 1 },
    ]);
  });

  it('stays the same when the manager starts again: nobody has fallen silent by that', async () => {
    const before = (await list('')).items.map((node) => [node.name, node.connection]);
    await manager.stop();
    await manager.boot();
    expect((await list('')).items.map((node) => [node.name, node.connection])).toEqual(before);
    expect((await counts()).connection.online).toBe(3);
  });

  it('is for whoever may see it', async () => {
    const person = await newPerson(manager);
    const page = async (query = '') => (await askAs(manager, person, 'GET', `/api/v1/nodes?${query}`)).body as NodePage;
    const total = async () => ((await askAs(manager, person, 'GET', '/api/v1/nodes/counts')).body as { total: number }).total;
    await makeMember(manager, quay.id, person.username, 'viewer');
    expect((await page()).items.map((node) => node.name)).toEqual(['crane-1', 'crane-2']);
    expect((await page('search=silent')).items).toEqual([]);
    expect(await total()).toBe(2);
    await makeMember(manager, quay.id, person.username, 'viewer', [idOf('crane-2')]);
    expect((await page()).items.map((node) => node.name)).toEqual(['crane-2']);
    expect(await total()).toBe(1);
  });
});

describe('a badge', () => {
  it('follows the newest upgrade of a node, in list, filter and counts alike', async () => {
    const name = 'badged';
    const node = await make({ name });
    await manager.call('POST', `/api/v1/nodes/${node.identity.nodeId}/upgrade`, { version: '2.0.0' });
    const command = await node.next('command');
    expect(await names('badge=upgrading')).toEqual([name]);
    node.say({ type: 'command_ack', id: command.id, accepted: false, error_code: 'upgrade_disabled', details: {} });
    while ((await names('badge=upgrade_refused')).length === 0) await nextTurn();
    expect(await names('badge=upgrade_refused')).toEqual([name]);
    expect(await names('badge=upgrading')).toEqual([]);
    expect((await counts()).badge).toMatchObject({ upgrading: 0, upgrade_refused: 1, none: 6 });
    await manager.call('POST', `/api/v1/nodes/${node.identity.nodeId}/upgrade`, { version: '2.0.1' });
    expect(await names('badge=upgrading')).toEqual([name]);
  });

  it('and a connection: a node that disconnects in an activation is respawning, everywhere', async () => {
    const node = byName.get('badged') as ScriptedNode;
    const command = await node.next('command');
    node.say({ type: 'command_ack', id: command.id, accepted: true, attempt_id: 'a1' });
    const attempt = { id: 'a1', command_id: command.id, kind: 'upgrade', state: 'activating', from_version: '1.0.0', to_version: '2.0.1' };
    await node.beat({ attempt });
    while ((await list('search=badged')).items[0]?.badge.phase !== 'activating') await nextTurn();
    expect(await names('connection=respawning')).toEqual([]);
    node.end();
    while ((await names('connection=respawning')).length === 0) await nextTurn();
    expect((await list('search=badged')).items).toMatchObject([
      { connection: 'respawning', badge: { kind: 'upgrading', phase: 'activating' } },
    ]);
    expect((await counts()).connection.respawning).toBe(1);
  });
});
