import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import type { ScriptedNode } from '../testing/scripted-node.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;
let node: ScriptedNode;

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url });
  await manager.signIn();
  node = await manager.node();
});
afterAll(async () => {
  node.end();
  await manager.dispose();
  await database.stop();
});

const request = (version: string, key: string) =>
  manager.call('POST', `/api/v1/nodes/${node.identity.nodeId}/upgrade`, { version }, { 'idempotency-key': key });

describe('a request that starts work', () => {
  it('gives the first answer when it is sent again, and starts nothing twice', async () => {
    const first = await request('1.1.0', 'press-1');
    expect(first.status).toBe(202);
    const again = await request('1.1.0', 'press-1');
    expect(again.status).toBe(202);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.body).toEqual(first.body);
    const other = await request('1.1.0', 'press-2');
    expect(other.body).toMatchObject({ code: 'upgrade_in_progress' });
  });

  it('is refused when its key stands for another request', async () => {
    expect((await request('1.2.0', 'press-1')).body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
  });

  it('is judged anew after a refusal', async () => {
    const refused = await request('1.1.0', 'press-3');
    expect(refused.body).toMatchObject({ code: 'upgrade_in_progress' });
    const { items } = (await manager.call('GET', `/api/v1/nodes/${node.identity.nodeId}/upgrades`)).body as { items: { id: string }[] };
    manager.clock.advance(901_000);
    const state = async () => (await manager.call('GET', `/api/v1/upgrades/${items[0]?.id}`)).body.state as string;
    while ((await state()) !== 'failed') await new Promise((settle) => setImmediate(settle));
    // So long a silence ends its socket; it comes back.
    node = await manager.node(node.identity);
    expect((await request('1.1.0', 'press-3')).status).toBe(202);
  });

  it('waits for the first one, and takes over from one whose process died', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`UPDATE idempotency_keys SET status = NULL, answer = NULL, claimed_at = $1 WHERE key = 'press-1'`, [
      manager.clock.now(),
    ]);
    expect((await request('1.1.0', 'press-1')).body).toMatchObject({ status: 409, code: 'request_in_progress' });
    await client.query(`UPDATE idempotency_keys SET claimed_at = $1 WHERE key = 'press-1'`, [
      new Date(manager.clock.now().getTime() - 61_000),
    ]);
    await client.end();
    expect((await request('1.1.0', 'press-1')).body).toMatchObject({ code: 'upgrade_in_progress' });
  });

  it('refuses a key that is none', async () => {
    expect((await request('1.1.0', 'x'.repeat(201))).body).toMatchObject({
      code: 'request_invalid',
      fields: [{ path: 'Idempotency-Key' }],
    });
  });
});
