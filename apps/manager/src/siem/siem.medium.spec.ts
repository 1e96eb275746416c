import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SiemEvent, SiemEventPage } from '@tidegate/contract-api';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import pg from 'pg';
import { ManagerUnderTest, type Answer } from '../testing/manager-under-test.ts';
import { askAs, makeMember, newGroup, newPerson, type Person } from '../testing/people.ts';
import { newIdentity } from '../testing/scripted-node.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;
let client: pg.Client;
let seq = 0;
const identity = newIdentity();

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url });
  await manager.signIn();
  client = new pg.Client(database.url);
  await client.connect();
  (await manager.node(identity)).end();
});
afterAll(async () => {
  await client.end();
  await manager.dispose();
  await database.stop();
});

const pull = (query = '', headers: Record<string, string> = {}): Promise<Answer> =>
  manager.call('GET', `/api/v1/siem/events${query}`, undefined, headers);
/** The clock stands still: what waits for a commit to be over is let go by hand. */
async function settled(): Promise<void> {
  const waiting = `SELECT FROM events WHERE position IS NULL UNION ALL SELECT FROM audit WHERE position IS NULL`;
  do manager.clock.advance(1000);
  while ((await client.query(waiting)).rowCount !== 0);
}
/** On a connection of its own: one that is silent while the clock is moved is closed. */
const report = async (name: string, details: object = {}): Promise<void> => {
  const node = await manager.node(identity);
  seq += 1;
  await node.report(seq, name, details);
  node.end();
};
const latest = async (): Promise<string> => {
  await settled();
  let page: SiemEventPage = { items: [], next_cursor: '' };
  do page = (await pull(page.next_cursor === '' ? '' : `?after=${page.next_cursor}`)).body as SiemEventPage;
  while (page.items.length > 0);
  return page.next_cursor;
};
async function all(after: string, limit: number): Promise<SiemEvent[]> {
  const items: SiemEvent[] = [];
  for (let cursor = after; ;) {
    const { body } = await pull(`?limit=${limit}&after=${cursor}`);
    items.push(...(body as SiemEventPage).items);
    if ((body as SiemEventPage).items.length === 0) return items;
    cursor = (body as SiemEventPage).next_cursor;
  }
}

describe('a SIEM that pulls events', () => {
  it('gets everything from the oldest on, of nodes and of the manager, with stable names', async () => {
    await report('upgrade_failed', { error_code: 'upgrade_signature_invalid', command_id: null });
    await settled();
    const { body, headers } = await pull();
    expect(headers['x-next-cursor']).toBe(body.next_cursor);
    expect(body.items[0]).toEqual({
      position: 1,
      cursor: expect.any(String),
      id: expect.any(String),
      source: 'manager',
      time: expect.any(String),
      node_time: expect.any(String),
      node_id: identity.nodeId,
      node_name: 'edge-a',
      device_type: 'tidegate-edge',
      group: 'default',
      group_id: expect.any(String),
      name: 'node_enrolled',
      category: 'platform',
      severity: 'info',
      error_code: null,
      details: { device_type: 'tidegate-edge', name: 'edge-a' },
    });
    // The node said `info`; a signature that does not verify is critical, whatever it says.
    expect(body.items.at(-1)).toMatchObject({
      source: 'node',
      name: 'upgrade_failed',
      category: 'upgrade',
      severity: 'critical',
      error_code: 'upgrade_signature_invalid',
      node_time: '1980-01-01T00:00:00.000Z',
    });
  });

  it('gets each row once, whatever the page size, also when it goes on after a row in the middle of a page', async () => {
    const from = await latest();
    for (let index = 0; index < 7; index += 1) await report('agent_started', { index });
    await settled();
    const rows = await all(from, 3);
    expect(rows.map((row) => row.details['index'])).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect((await all(rows[2]!.cursor, 10)).map((row) => row.details['index'])).toEqual([3, 4, 5, 6]);
  });

  it('gets NDJSON by Accept or by format, one row per line whatever a text holds', async () => {
    const from = await latest();
    await report('agent_started', { note: 'a\nb\r\n{"name":"forged"}\u2028' });
    await settled();
    const byAccept = await pull(`?after=${from}`, { accept: 'application/x-ndjson' });
    expect(byAccept.headers['content-type']).toContain('application/x-ndjson');
    const byFormat = await manager.call('GET', `/api/v1/siem/events?format=ndjson&after=${from}`);
    const text = String(byFormat.body);
    expect(text.split('\n')).toHaveLength(2);
    expect(text.endsWith('\n')).toBe(true);
    expect(JSON.parse(text)).toMatchObject({ name: 'agent_started', details: { note: 'a\nb\r\n{"name":"forged"}\u2028' } });
    expect((await pull(`?after=${from}&format=json`, { accept: 'application/x-ndjson' })).body.items).toHaveLength(1);
  });

  it('starts at a time when it has no cursor any more', async () => {
    await latest();
    manager.clock.advance(3_600_000);
    const since = manager.clock.now().toISOString();
    await report('agent_started', { mark: 'after' });
    await settled();
    const { body } = await pull(`?since=${encodeURIComponent(since)}`);
    expect(body.items.filter((item: SiemEvent) => item.source === 'node')).toMatchObject([{ details: { mark: 'after' } }]);
    expect((await pull(`?since=2030-01-01T00:00:00Z`)).body.items).toEqual([]);
    expect((await pull(`?after=${body.next_cursor}`)).body.items).toEqual([]);
  });

  it('waits for the first row when asked to, and no longer than asked', async () => {
    const from = await latest();
    const waiting = pull(`?wait=30&after=${from}`);
    await report('agent_started', { mark: 'awaited' });
    expect((await waiting).body.items).toMatchObject([{ details: { mark: 'awaited' } }]);
    const end = await latest();
    const idle = pull(`?wait=5&after=${end}`);
    let over = false;
    void idle.then(() => (over = true));
    while (!over) {
      manager.clock.advance(1000);
      await new Promise((settle) => setImmediate(settle));
    }
    expect((await idle).body).toEqual({ items: [], next_cursor: end });
  });
});

describe('a cursor', () => {
  const bad = async (after: string) => {
    const { status, body } = await pull(`?after=${encodeURIComponent(after)}`);
    return [status, body.code];
  };

  it('is refused when a character of it is changed, when it is of the other stream, and when it is none', async () => {
    const cursor = await latest();
    for (let index = 0; index < cursor.length; index += 1) {
      const other = cursor[index] === 'A' ? 'B' : 'A';
      expect(await bad(cursor.slice(0, index) + other + cursor.slice(index + 1))).toEqual([400, 'request_invalid']);
    }
    const audit = await manager.call('GET', '/api/v1/siem/audit');
    expect(await bad(audit.body.next_cursor as string)).toEqual([400, 'request_invalid']);
    expect(await bad('1')).toEqual([400, 'request_invalid']);
    expect((await pull(`?after=${cursor}&since=2026-01-01T00:00:00Z`)).body.code).toBe('request_invalid');
    expect((await pull('?limit=1001')).body.code).toBe('request_invalid');
    expect((await pull('?wait=31')).body.code).toBe('request_invalid');
  });

  it('says so when the database was restored to an earlier time, also after other rows took the positions', async () => {
    await latest();
    await client.query('CREATE TABLE backup AS SELECT * FROM sequence_heads');
    await report('agent_started', { mark: 'lost by the restore' });
    const ahead = await latest();
    await client.query(`DELETE FROM events WHERE position > (SELECT position FROM backup WHERE stream = 'events')`);
    await client.query(
      `UPDATE sequence_heads h SET position = b.position, tag = b.tag FROM backup b WHERE b.stream = h.stream AND h.stream = 'events'`,
    );
    const behind = await pull(`?after=${ahead}`);
    expect([behind.status, behind.body.code, behind.body.details]).toEqual([410, 'cursor_expired', { reason: 'restored' }]);
    await report('agent_started', { mark: 'of the new history' });
    await report('agent_started', { mark: 'of the new history' });
    await settled();
    expect((await pull(`?after=${ahead}`)).body.code).toBe('cursor_expired');
    await client.query('DROP TABLE backup');
  });

  it('survives that retention removes the row it names, but not rows after it', async () => {
    await report('agent_started');
    const first = await latest();
    await report('agent_started', { mark: 'next' });
    const second = await latest();
    await report('agent_started', { mark: 'last' });
    await settled();
    const of = async (after: string): Promise<number> => {
      const { rows } = await client.query(`SELECT max(position) AS p FROM events WHERE position <= $1`, [after]);
      return Number(rows[0].p);
    };
    const last = await of('999999');
    await client.query('DELETE FROM events WHERE position < $1', [last]);
    expect((await pull(`?after=${second}`)).body.items).toMatchObject([{ details: { mark: 'last' } }]);
    const lost = await pull(`?after=${first}`);
    expect([lost.status, lost.body.details]).toEqual([410, { reason: 'retention' }]);
  });
});

describe('a reader with an API token', () => {
  const withScope = async (person: Person, scopes: string[]): Promise<Record<string, string>> => {
    const made = await askAs(manager, person, 'POST', '/api/v1/account/tokens', { name: `t${scopes.join('')}`, scopes });
    return { authorization: `Bearer ${(made.body as { token: string }).token}`, cookie: '' };
  };

  it('needs the scope, sees its own groups only, and its cursor passes over the others’ rows', async () => {
    const group = await newGroup(manager);
    const person = await newPerson(manager);
    await makeMember(manager, group.id, person.username, 'viewer');
    const siem = await withScope(person, ['siem']);
    const start = (await pull('?limit=1000', siem)).body as SiemEventPage;
    expect(start.items).toEqual([]);
    const { node: own, hello } = await manager.greet(newIdentity());
    await own.enrol(await manager.token({ group: group.name }));
    await own.authenticate(hello);
    await own.report(1, 'agent_started', { mark: 'own' });
    await report('agent_started', { mark: 'foreign' });
    await settled();
    const seen = (await pull(`?after=${start.next_cursor}`, siem)).body as SiemEventPage;
    expect(seen.items.map((item) => item.name)).toEqual(['node_enrolled', 'agent_started']);
    await report('agent_started', { mark: 'foreign' });
    await settled();
    const later = (await pull(`?after=${seen.next_cursor}`, siem)).body as SiemEventPage;
    expect(later.items).toEqual([]);
    expect(later.next_cursor).not.toBe(seen.next_cursor);
    expect((await pull('', await withScope(person, ['read']))).body.code).toBe('forbidden');
    expect((await manager.call('GET', '/api/v1/siem/audit', undefined, siem)).body.code).toBe('forbidden');
    own.end();
  });
});

describe('a SIEM that pulls the audit trail', () => {
  it('gets each row with its place in the chain', async () => {
    await settled();
    const { body } = await manager.call('GET', '/api/v1/siem/audit?limit=2');
    expect(body.items).toHaveLength(2);
    expect(body.items[0]).toMatchObject({ position: 1, prev_hash: '0'.repeat(64), hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(body.items[1].prev_hash).toBe(body.items[0].hash);
    const rest = await manager.call('GET', `/api/v1/siem/audit?after=${body.next_cursor}`);
    expect(rest.body.items[0]).toMatchObject({ position: 3, prev_hash: body.items[1].hash });
  });
});
