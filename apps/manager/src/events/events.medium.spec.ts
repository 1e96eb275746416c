import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventView } from '@tidegate/contract-api';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import pg from 'pg';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { askAs, makeMember, newGroup, newPerson, type Person } from '../testing/people.ts';
import { newIdentity } from '../testing/scripted-node.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url });
  await manager.signIn();
  client = new pg.Client(database.url);
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await manager.dispose();
  await database.stop();
});

const settled = async (): Promise<void> => {
  do manager.clock.advance(1000);
  while ((await client.query('SELECT FROM events WHERE position IS NULL')).rowCount !== 0);
};
const list = async (filter = '', person?: Person): Promise<EventView[]> => {
  const path = `/api/v1/events?${filter}`;
  const { status, body } = await (person ? askAs(manager, person, 'GET', path) : manager.call('GET', path));
  if (status !== 200) throw new Error(JSON.stringify(body));
  return (body as { items: EventView[] }).items;
};
const names = async (filter: string, person?: Person): Promise<string[]> => (await list(filter, person)).map((event) => event.name);
/** A node of a group that reports one event each. */
async function reporting(group: string, events: readonly (readonly [name: string, details?: object])[]): Promise<string> {
  const { node, hello } = await manager.greet(newIdentity());
  const id = await node.enrol(await manager.token({ group }));
  await node.authenticate(hello);
  for (const [index, [name, details]] of events.entries()) await node.report(index + 1, name, details);
  node.end();
  return id;
}
const stray = (at: Date, name: string): Promise<unknown> =>
  client.query(
    `INSERT INTO events (id, name, category, severity, at, received_at, details) VALUES ($1, $2, 'platform', 'info', $3, $3, '{}')`,
    [randomUUID(), name, at],
  );

describe('the list of events', () => {
  it('shows an event as soon as it was acknowledged, with the names of its node and group', async () => {
    const id = await reporting('default', [['agent_started']]);
    expect((await list())[0]).toMatchObject({ name: 'agent_started', node_id: id, node_name: 'edge-a', group: 'default', source: 'node' });
  });

  it('is filtered by category, severity, name, code, node, group, device type, time and text', async () => {
    const group = await newGroup(manager);
    const id = await reporting(group.name, [
      ['agent_started', { note: 'Needle 100%_' }],
      ['upgrade_failed', { error_code: 'upgrade_disk_full' }],
      ['upgrade_failed', { error_code: 'upgrade_rekor_invalid' }],
      ['upgrade_completed'],
      ['name_of_the_future'],
    ]);
    await settled();
    const of = (filter: string): Promise<string[]> => names(`node_id=${id}&${filter}`);
    expect(await of('category=platform')).toEqual(['node_enrolled']);
    expect(await of('category=upgrade')).toEqual(['upgrade_completed', 'upgrade_failed', 'upgrade_failed']);
    expect(await of('severity=warning')).toEqual(['upgrade_failed', 'upgrade_failed']);
    expect(await of('severity=critical')).toEqual(['upgrade_failed']);
    expect(await of('name=upgrade_completed')).toEqual(['upgrade_completed']);
    expect((await list('error_code=upgrade_disk_full')).map((event) => event.error_code)).toEqual(['upgrade_disk_full']);
    expect(await names(`group=${group.name}`)).toHaveLength(6);
    expect(await names(`group=nobody-has-this`)).toEqual([]);
    expect(await of('device_type=tidegate-edge')).toHaveLength(6);
    expect(await of('device_type=other')).toEqual([]);
    expect(await of('search=NEEDLE%20100%25_')).toEqual(['agent_started']);
    expect(await of('search=needle%25x')).toEqual([]);
    const now = manager.clock.now().getTime();
    const time = (ms: number): string => encodeURIComponent(new Date(now + ms).toISOString());
    expect(await of(`from=${time(-3_600_000)}&to=${time(3_600_000)}`)).toHaveLength(6);
    expect(await of(`from=${time(3_600_000)}`)).toEqual([]);
    expect(await of(`to=${time(-3_600_000)}`)).toEqual([]);
  });

  it.each([
    'severity=grave',
    'category=x',
    'name=A',
    'node_id=1',
    'from=yesterday',
    'search=a',
    'limit=501',
    'cursor=x',
    'surprise=1',
    'group=a%0Ab',
  ])('refuses %s', async (filter) => expect((await manager.call('GET', `/api/v1/events?${filter}`)).body.code).toBe('request_invalid'));

  it('is paged without a row lost or shown twice, while rows keep coming', async () => {
    const id = await reporting(
      'default',
      Array.from({ length: 9 }, (_, index) => ['agent_started', { index }] as const),
    );
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const { body } = await manager.call('GET', `/api/v1/nodes/${id}/events?limit=4${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.items.map((event: EventView) => event.details['index'] ?? event.name));
      cursor = body.next_cursor ?? '';
      await reporting('default', [['agent_started']]);
    } while (cursor);
    expect(seen).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0, 'node_enrolled']);
  });

  it('shows a viewer what their groups and nodes did, and nothing of the installation', async () => {
    const [own, other] = [await newGroup(manager), await newGroup(manager)];
    const mine = await reporting(own.name, [['agent_started']]);
    const limited = await reporting(other.name, [['state_corrupt']]);
    await reporting(other.name, [['slot_damaged']]);
    await stray(manager.clock.now(), 'discovery_found');
    const person = await newPerson(manager);
    expect((await askAs(manager, person, 'GET', '/api/v1/events')).body).toMatchObject({ code: 'forbidden' });
    await makeMember(manager, own.id, person.username, 'viewer');
    await makeMember(manager, other.id, person.username, 'operator', [limited]);
    for (const wait of [async () => {}, settled]) {
      await wait();
      expect((await names('', person)).toSorted()).toEqual(['agent_started', 'node_enrolled', 'node_enrolled', 'state_corrupt']);
      expect(await names('severity=critical', person)).toEqual(['state_corrupt']);
      expect(await names('name=discovery_found')).toEqual(['discovery_found']);
    }
    expect(await names(`node_id=${mine}`, person)).toHaveLength(2);
    expect(await names(`group=${other.name}`, person)).toHaveLength(2);
    expect(await names('name=slot_damaged', person)).toEqual([]);
  });
});

describe('the live stream', () => {
  it('tells a page only what it asked for', async () => {
    const stream = manager.watch('?topic=events&severity=warning');
    const next = stream.next();
    let arrived = false;
    void next.then(() => (arrived = true));
    while (!arrived) await reporting('default', [['agent_started'], ['upgrade_refused', { error_code: 'upgrade_disabled' }]]);
    expect((await next).value).toMatchObject({
      type: 'event',
      event: { name: 'upgrade_refused', node_name: 'edge-a', group: 'default', error_code: 'upgrade_disabled' },
    });
    await stream.return(undefined);
  });
});

describe('partitions', () => {
  const partitionOf = async (name: string): Promise<unknown[]> =>
    (await client.query('SELECT tableoid::regclass::text AS part FROM events WHERE name = $1', [name])).rows.map((row) => row.part);
  const until = async (condition: string): Promise<void> => {
    manager.clock.advance(3_600_000);
    while ((await client.query(`SELECT WHERE ${condition}`)).rowCount === 0);
    // Sessions of people do not outlive hours of silence.
    await manager.signIn();
  };

  it('are made ahead, and get what lay in the default partition', async () => {
    await reporting('default', [['agent_started', { mark: 'partition' }]]);
    expect(new Set(await partitionOf('agent_started'))).toEqual(new Set(['events_2026_11']));
    await stray(new Date('2027-05-10T00:00:00Z'), 'stray_of_may');
    expect(await partitionOf('stray_of_may')).toEqual(['events_default']);
    await until(`to_regclass('events_2027_05') IS NOT NULL`);
    expect(await partitionOf('stray_of_may')).toEqual(['events_2027_05']);
    await settled();
    expect(await names('name=stray_of_may')).toEqual(['stray_of_may']);
    const { rows } = await client.query(
      `SELECT count(*) AS n FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relname = 'events_2027_05' AND i.indisvalid`,
    );
    const of = await client.query(
      `SELECT count(*) AS n FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relname = 'events_2026_11' AND i.indisvalid`,
    );
    expect(rows[0].n).toBe(of.rows[0].n);
  });

  it('go as a whole when their last day is older than the retention', async () => {
    await stray(new Date('2026-07-31T23:00:00Z'), 'of_july');
    await stray(new Date('2026-08-01T01:00:00Z'), 'of_august');
    await settled();
    // 2026-11-02 minus 90 days is in August: July is over, August is not. July may go in the same turn in which it is made.
    await until(`to_regclass('events_2026_08') IS NOT NULL`);
    await until(`to_regclass('events_2026_07') IS NULL`);
    expect(await partitionOf('of_july')).toEqual([]);
    expect(await partitionOf('of_august')).toEqual(['events_2026_08']);
  });
});
