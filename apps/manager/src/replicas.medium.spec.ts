import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { StreamMessage } from '@tidegate/contract-api';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import pg from 'pg';
import { layCable, type DatabaseCable } from './testing/database-cable.ts';
import { ManagerUnderTest } from './testing/manager-under-test.ts';
import { newIdentity, type NodeIdentity, type ScriptedNode } from './testing/scripted-node.ts';

let database: TestDatabase;
let cable: DatabaseCable;
let sql: pg.Client;
/** Two replicas behind one address. B reaches the database by a cable that can be cut. */
let a: ManagerUnderTest;
let b: ManagerUnderTest;
const nodes: ScriptedNode[] = [];
const live = async (manager: ManagerUnderTest, identity: NodeIdentity = newIdentity()): Promise<ScriptedNode> => {
  const node = await manager.node(identity);
  nodes.push(node);
  return node;
};
const turn = (): Promise<void> => new Promise((settle) => setImmediate(settle));
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await turn();
}
const session = async (node: ScriptedNode) => {
  const { rows } = await sql.query<{ replica_id: string; epoch: string; disconnected_at: Date | null }>(
    'SELECT replica_id, epoch, disconnected_at FROM node_sessions WHERE node_id = $1',
    [node.identity.nodeId],
  );
  return rows[0];
};
const connection = async (manager: ManagerUnderTest, node: ScriptedNode): Promise<string> =>
  (await manager.call('GET', `/api/v1/nodes/${node.identity.nodeId}`)).body.connection as string;
const request = (manager: ManagerUnderTest, node: ScriptedNode) =>
  manager.call('POST', `/api/v1/nodes/${node.identity.nodeId}/upgrade`, { version: '1.1.0' });
const readUpgrade = async (id: string) => (await a.call('GET', `/api/v1/upgrades/${id}`)).body;
const commandsOf = (node: ScriptedNode): number => node.received.filter((message) => message.type === 'command').length;
/** Signs of life are judged by the database's clock, which a test cannot move: it makes the last one old. */
const silenceB = async (): Promise<void> =>
  void (await sql.query(`UPDATE replicas SET seen_at = seen_at - interval '1 minute' WHERE address LIKE '%:' || $1`, [String(b.port)]));

/** Both show that they live, and tell the same time: each has a clock of its own, which every start has moved. */
async function freshen(): Promise<void> {
  const behindMs = a.clock.now().getTime() - b.clock.now().getTime();
  b.clock.advance(3000 + Math.max(0, behindMs));
  a.clock.advance(3000 + Math.max(0, -behindMs));
  await until(
    async () => (await sql.query(`SELECT 1 FROM replicas WHERE seen_at > clock_timestamp() - interval '5 seconds'`)).rowCount === 2,
  );
}

beforeAll(async () => {
  database = await createTestDatabase();
  cable = await layCable(database);
  sql = new pg.Client(database.url);
  await sql.connect();
  a = await ManagerUnderTest.start({ database_url: database.url });
  b = await ManagerUnderTest.start({ database_url: cable.url });
  await a.signIn();
  b.answersFor(a);
});
beforeEach(freshen);
afterEach(() => nodes.splice(0).forEach((node) => node.end()));
afterAll(async () => {
  await b.dispose();
  await a.dispose();
  await sql.end();
  await cable.dispose();
  await database.stop();
});

describe('two replicas on one database', () => {
  it('are one manager: one id for nodes, one sign-in, any of them serves any request', async () => {
    const [first, second] = [await a.greet(), await b.greet()];
    nodes.push(first.node, second.node);
    expect(second.hello.manager_id).toBe(first.hello.manager_id);
    const node = await live(a);
    expect((await b.call('GET', '/api/v1/session')).status).toBe(200);
    expect(await connection(b, node)).toBe('online');
    const byB = await live(b);
    expect(await connection(a, byB)).toBe('online');
    expect((await session(byB))?.replica_id).not.toBe((await session(node))?.replica_id);
  });

  it('show a page at one what happens at the other: nodes and events', async () => {
    const stream = a.watch();
    const seen: StreamMessage[] = [];
    const reading = (async () => {
      for await (const message of stream) {
        seen.push(message);
        if (message.type === 'event' && message.event.name === 'agent_started') return;
      }
    })();
    // The stream is open once anything arrives on it.
    const early = await live(a);
    let beats = 0;
    while (seen.length === 0) await early.beat({ restarts: ++beats, software_version: `1.0.${beats}` });
    const node = await live(b);
    await node.report(1, 'agent_started', { version: '1.0.0' });
    await reading;
    expect(seen.filter((message) => message.type === 'node').map((message) => message.node.id)).toContain(node.identity.nodeId);
    expect(seen.at(-1)).toMatchObject({ type: 'event', event: { node_id: node.identity.nodeId, name: 'agent_started' } });
  });

  it('bring a command that one took to the node that the other holds, once', async () => {
    const node = await live(b);
    const { status, body } = await request(a, node);
    expect(status).toBe(202);
    const command = await node.next('command');
    expect(command.id).toBe(body.id);
    node.say({ type: 'command_ack', id: body.id, accepted: true, attempt_id: 'a-1' });
    await until(async () => (await readUpgrade(body.id as string)).state === 'accepted');
    b.clock.advance(10_000);
    await node.beat();
    expect(commandsOf(node)).toBe(0);
  });

  it('send a command that no notice told of at the next look', async () => {
    const node = await live(b);
    const { body } = await request(a, node);
    await node.next('command');
    await sql.query('UPDATE commands SET sent_at = NULL WHERE id = $1', [body.id]);
    b.clock.advance(3000);
    expect((await node.next('command')).id).toBe(body.id);
  });

  it('send a command whose notice was lost with the connection as soon as that is there again', async () => {
    const node = await live(b);
    await sql.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', ['tidegate-manager bus']);
    const { body } = await request(a, node);
    a.clock.advance(1000);
    b.clock.advance(1000);
    expect((await node.next('command')).id).toBe(body.id);
  });

  it('answer node_offline, at the one that never held the node, too', async () => {
    const node = await live(b);
    node.end();
    await until(async () => (await session(node))?.disconnected_at !== null);
    expect((await request(a, node)).body.code).toBe('node_offline');
  });
});

describe('a node that changes its replica', () => {
  it('is closed by the one that held it, with 4009, and its late words change nothing', async () => {
    const older = await live(a);
    const newer = await live(b, older.identity);
    expect((await older.whenClosed()).code).toBe(4009);
    await until(async () => (await session(newer))?.epoch === '2');
    expect((await session(newer))?.disconnected_at).toBeNull();
    expect(await connection(a, newer)).toBe('online');
  });

  it('is closed at its next beat when the notice was lost, and that beat is neither stored nor acknowledged', async () => {
    const older = await live(a);
    await sql.query('UPDATE node_sessions SET epoch = epoch + 1 WHERE node_id = $1', [older.identity.nodeId]);
    await expect(older.beat({ software_version: '6.6.6' })).rejects.toThrow('4009 session_superseded before health_ack');
    const { rows } = await sql.query('SELECT software_version FROM node_beats WHERE node_id = $1', [older.identity.nodeId]);
    expect(rows).toEqual([{ software_version: '1.0.0' }]);
    expect((await session(older))?.disconnected_at).toBeNull();
  });

  it('gets what the replica with its old socket was about to send into the void', async () => {
    const older = await live(a);
    // As if B had the node already and A had not heard of it.
    await sql.query('UPDATE node_sessions SET epoch = epoch + 1 WHERE node_id = $1', [older.identity.nodeId]);
    const { body } = await request(a, older);
    expect(body.state).toBe('queued');
    const newer = await live(b, older.identity);
    expect((await newer.next('command')).id).toBe(body.id);
  });
});

describe('a replica that is gone without a word', () => {
  it('has its sessions closed by another; its nodes come back there and get what they had not answered', async () => {
    const staying = await live(b);
    const returning = await live(b);
    const { body } = await request(b, returning);
    expect((await returning.next('command')).id).toBe(body.id);
    cable.cut();
    await b.stop();
    expect((await session(staying))?.disconnected_at).toBeNull();
    const back = await live(a, returning.identity);
    expect((await back.next('command')).id).toBe(body.id);
    await silenceB();
    a.clock.advance(3000);
    await until(async () => (await session(staying))?.disconnected_at !== null);
    expect((await session(back))?.disconnected_at).toBeNull();
    expect((await sql.query('SELECT 1 FROM replicas')).rowCount).toBe(1);
    const { rows: lost } = await sql.query(`SELECT details FROM events WHERE name = 'replica_lost'`);
    expect(lost).toEqual([{ details: expect.objectContaining({ address: `127.0.0.1:${b.port}` }) }]);
    cable.mend();
    await b.boot();
    b.answersFor(a);
  });

  it('takes its sessions back when it was only cut off for a while', async () => {
    const node = await live(b);
    await silenceB();
    a.clock.advance(3000);
    await until(async () => (await session(node))?.disconnected_at !== null);
    b.clock.advance(3000);
    await until(async () => (await session(node))?.disconnected_at === null);
    expect(node.closed).toBeUndefined();
    expect((await request(a, node)).status).toBe(202);
    await node.next('command');
  });

  it('closes its own sessions when it is stopped properly, and leaves no row', async () => {
    const node = await live(b);
    await b.stop();
    expect((await session(node))?.disconnected_at).not.toBeNull();
    expect((await sql.query('SELECT 1 FROM replicas')).rowCount).toBe(1);
    await b.boot();
    b.answersFor(a);
  });
});
