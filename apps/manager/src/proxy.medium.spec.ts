import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from './testing/manager-under-test.ts';
import { newIdentity, ScriptedNode } from './testing/scripted-node.ts';
import { auditOf, sql } from './testing/sql.ts';

const ELSEWHERE = { 'x-forwarded-for': '198.51.100.7, 203.0.113.9' };
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.stop());

/** Where a sign-in and an enrolment that name another address count as coming from. */
async function addressesOf(trustProxy: readonly string[]): Promise<unknown[]> {
  const manager = await ManagerUnderTest.start({ database_url: database.url, trust_proxy: trustProxy });
  try {
    await manager.call('POST', '/api/v1/session', { username: 'admin', password: 'not the password' }, ELSEWHERE);
    const failed = `SELECT address FROM audit WHERE action = 'user.sign_in_failed' ORDER BY id DESC LIMIT 1`;
    const [signIn] = await sql<{ address: string }>(database.url, failed);
    await manager.signIn();
    const { node } = await ScriptedNode.greet(manager.port, newIdentity(), { headers: ELSEWHERE });
    const [enrolment] = await auditOf(database.url, await node.enrol(await manager.token()));
    node.end();
    return [signIn?.address, enrolment?.address].map((address) => address?.replace('::ffff:', ''));
  } finally {
    await manager.dispose();
  }
}

describe('X-Request-Id', () => {
  it.each([
    [['127.0.0.1'], 'proxys-request-1', true],
    [['127.0.0.1'], 'id"} {"level":60', false],
    [['192.0.2.10'], 'proxys-request-1', false],
  ])('through %j: %s is kept: %s', async (trustProxy, id, kept) => {
    const manager = await ManagerUnderTest.start({ database_url: database.url, trust_proxy: trustProxy });
    try {
      const answer = await manager.call('GET', '/api/v1/session', undefined, { 'x-request-id': id });
      const shown = answer.body.request_id as string;
      expect(shown === id).toBe(kept);
      expect(answer.headers['x-request-id']).toBe(shown);
      const lines = manager.logLines.map((line) => JSON.parse(line) as { request_id?: string; path?: string });
      expect(lines.filter((line) => line.request_id === shown)).toEqual([expect.objectContaining({ path: '/api/v1/session' })]);
    } finally {
      await manager.dispose();
    }
  });
});

describe('X-Forwarded-For', () => {
  it('is believed of a proxy that the configuration names, as far as that proxy wrote it', async () => {
    expect(await addressesOf(['127.0.0.1'])).toEqual(['203.0.113.9', '203.0.113.9']);
  });

  it('is nothing when anybody else sends it', async () => {
    expect(await addressesOf([])).toEqual(['127.0.0.1', '127.0.0.1']);
    expect(await addressesOf(['192.0.2.10'])).toEqual(['127.0.0.1', '127.0.0.1']);
  });
});
