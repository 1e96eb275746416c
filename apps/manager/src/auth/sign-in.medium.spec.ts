import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { askAs, newUser, NOBODY, PERSON_PASSWORD, signInAs } from '../testing/people.ts';
import { auditOf, sql } from '../testing/sql.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url });
});
beforeEach(async () => {
  manager.clock.advance(61_000);
  await manager.signIn();
});
afterAll(async () => {
  await manager.dispose();
  await database.stop();
});

/** From an address of this machine's own choice: 127.0.0.0/8 is all loopback. */
async function signInFrom(agent: Agent, localAddress: string, username: string, password: string): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const outgoing = request({
    host: '127.0.0.1',
    port: manager.port,
    localAddress,
    agent,
    method: 'POST',
    path: '/api/v1/session',
    headers,
  });
  const answered = once(outgoing, 'response');
  outgoing.end(JSON.stringify({ username, password }));
  const [response] = (await answered) as [IncomingMessage];
  await once(response.resume(), 'end');
  return response.statusCode ?? 0;
}

describe('the audit trail of signing in', () => {
  it('has successes and failures of an account, with their addresses', async () => {
    const { id, username } = await newUser(manager);
    await signInAs(manager, username, 'not this one');
    await signInAs(manager, username);
    expect((await auditOf(database.url, id)).slice(1)).toMatchObject([
      { actor: username, action: 'user.sign_in_failed', address: '127.0.0.1' },
      { actor: username, action: 'user.sign_in', address: '127.0.0.1' },
    ]);
  });

  it('does not keep a name that nobody has, which may be a password, and not more than sixty an hour', async () => {
    const typed = 'my-secret-in-the-wrong-field';
    await signInAs(manager, typed, 'x');
    expect((await auditOf(database.url, 'unknown')).at(-1)).toMatchObject({ action: 'user.sign_in_failed', actor: 'unknown' });
    for (let minute = 0; minute < 3; minute += 1) {
      for (let count = 0; count < 22; count += 1) await signInAs(manager, `name-${minute}-${count}`, 'x');
      manager.clock.advance(60_000);
    }
    const rows = await auditOf(database.url, 'unknown');
    expect(rows).toHaveLength(60);
    expect(JSON.stringify(rows)).not.toContain(typed);
    expect(manager.logLines.join('')).not.toContain(typed);
  });
});

describe('a guess at a password', () => {
  it('is one of five, however many are sent at once from wherever', async () => {
    const { id, username } = await newUser(manager);
    const agent = new Agent();
    const statuses = await Promise.all(
      Array.from({ length: 40 }, (_, index) => signInFrom(agent, `127.0.3.${index + 1}`, username, 'guess')),
    );
    // Two are hashed at once, so the last of the five may have had company.
    const tried = statuses.filter((status) => status === 401).length;
    expect(tried).toBeGreaterThanOrEqual(5);
    expect(tried).toBeLessThanOrEqual(6);
    expect((await auditOf(database.url, id)).filter((row) => row.action === 'user.sign_in_failed')).toHaveLength(tried);
  });

  it('by a flood takes no place from anybody else', async () => {
    const { username } = await newUser(manager);
    const agent = new Agent({ keepAlive: true, maxSockets: 50 });
    const honestAgent = new Agent();
    let sent = 0;
    const flood = async (): Promise<void> => {
      while (sent < 2000) {
        const status = await signInFrom(agent, '127.0.0.1', `flood-${(sent += 1)}`, 'guess');
        expect([401, 429]).toContain(status);
      }
    };
    const floods = Array.from({ length: 50 }, flood);
    const honest: number[] = [];
    do honest.push(await signInFrom(honestAgent, '127.0.0.2', username, PERSON_PASSWORD));
    while (sent < 2000);
    await Promise.all(floods);
    agent.destroy();
    expect(honest.length).toBeGreaterThan(3);
    expect(new Set(honest)).toEqual(new Set([200]));
    const [row] = await sql<{ count: number }>(
      database.url,
      `SELECT count(*)::int AS count FROM sign_in_failures WHERE username LIKE 'flood-%'`,
    );
    // Only these cost a hash.
    expect(row?.count).toBeLessThanOrEqual(30);
  });
});

describe('the request to sign in', () => {
  it.each([
    ['a name over its limit', { username: 'x'.repeat(65), password: 'x' }],
    ['a password over its limit', { username: 'x', password: 'x'.repeat(257) }],
    ['a line break in the name', { username: 'a\nb', password: 'x' }],
    ['a role', { username: 'x', password: 'x', role: 'super_admin' }],
    ['an object as the name', { username: { $ne: '' }, password: 'x' }],
    ['nothing', {}],
  ])('is refused with %s', async (_, body) => {
    expect((await askAs(manager, NOBODY, 'POST', '/api/v1/session', body)).body).toMatchObject({ status: 400, code: 'request_invalid' });
  });

  it('takes a name for a name, whatever stands in it', async () => {
    const answer = await askAs(manager, NOBODY, 'POST', '/api/v1/session', { username: `admin' OR '1'='1`, password: `' OR 1=1 --` });
    expect(answer.body).toMatchObject({ status: 401, code: 'credentials_invalid' });
  });

  it('gets a request id of its own, whatever it says its id is', async () => {
    for (const id of ['short', 'a-harmless-one-1', 'x'.repeat(65), 'id with spaces', 'id"} {"level":60']) {
      const answer = await askAs(manager, NOBODY, 'POST', '/api/v1/session', {}, { 'x-request-id': id });
      expect(answer.headers['x-request-id']).not.toBe(id);
      expect(answer.body.request_id).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('is refused from a foreign page, which could sign its visitor in as somebody else', async () => {
    const body = { username: 'admin', password: 'x' };
    const answer = await askAs(manager, NOBODY, 'POST', '/api/v1/session', body, { origin: 'https://evil.example' });
    expect(answer.body.code).toBe('origin_not_allowed');
  });
});
