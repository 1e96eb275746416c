import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import pg from 'pg';
import { ManagerUnderTest, PASSWORD } from '../testing/manager-under-test.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url });
});
beforeEach(() => {
  manager.clock.advance(61_000);
  manager.forgetSession();
});
afterAll(async () => {
  await manager.dispose();
  await database.stop();
});

const attempt = (username: string, password: string) => manager.call('POST', '/api/v1/session', { username, password });
const newToken = (headers: Record<string, string> = {}) =>
  manager.call('POST', '/api/v1/registration-tokens', { device_type: 'tidegate-edge' }, headers);

describe('signing in', () => {
  it('gives a session in a cookie that scripts and other sites cannot use', async () => {
    const answer = await attempt('Admin', PASSWORD);
    expect(answer.body.user).toMatchObject({ username: 'admin', role: 'super_admin' });
    const cookie = answer.headers['set-cookie']?.[0] ?? '';
    expect(cookie).toMatch(new RegExp(`^tidegate-${manager.port}=[A-Za-z0-9_-]{43}; `));
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Strict');
  });

  it('knows passwords alone where no provider is configured', async () => {
    expect((await manager.call('GET', '/api/v1/session/methods')).body).toEqual({ oidc: null });
    for (const path of ['/api/v1/session/oidc', '/api/v1/session/oidc/callback?code=x', '/api/v1/session/oidc/sign-out']) {
      const { status, headers } = await manager.call('GET', path);
      expect([status, headers.location, headers['cache-control']]).toEqual([
        302,
        '/sign-in?error=oidc_not_configured&from=%2F',
        'no-store',
      ]);
    }
  });

  it('answers a wrong password and an unknown name alike', async () => {
    const [wrong, unknown] = [await attempt('admin', 'nope'), await attempt('nobody', 'nope')];
    expect([wrong.status, wrong.body.code]).toEqual([401, 'credentials_invalid']);
    expect({ ...unknown.body, request_id: '' }).toEqual({ ...wrong.body, request_id: '' });
  });

  it.each(['admin', 'a-name-nobody-has'])(
    'locks %s after five failures, whatever the password then is, and unlocks by itself',
    async (name) => {
      manager.clock.advance(3_600_000);
      await attempt('admin', PASSWORD);
      for (let failure = 0; failure < 5; failure += 1) expect((await attempt(name, 'nope')).status).toBe(401);
      const locked = await attempt(name, PASSWORD);
      expect([locked.status, locked.body.code]).toEqual([429, 'account_locked']);
      expect(Number(locked.headers['retry-after'])).toBeGreaterThan(50);
      manager.clock.advance(61_000);
      expect((await attempt(name, PASSWORD)).status).toBe(name === 'admin' ? 200 : 401);
    },
  );

  it('limits attempts per address before any password is looked at', async () => {
    const codes = new Set<string>();
    for (let index = 0; index < 35; index += 1) codes.add((await attempt(`name-${index}`, 'nope')).body.code as string);
    expect([...codes]).toEqual(['credentials_invalid', 'rate_limited']);
  });

  it('stores neither password nor session in clear', async () => {
    const { csrf_token: csrf } = await manager.signIn();
    const client = new pg.Client(database.url);
    await client.connect();
    const { rows } = await client.query(
      `SELECT u.password_hash, octet_length(s.id_hash) AS bytes FROM users u JOIN account_sessions s ON s.user_id = u.id LIMIT 1`,
    );
    await client.end();
    expect(rows[0].password_hash).toMatch(/^\$argon2id\$/);
    expect(rows[0].bytes).toBe(32);
    expect(manager.logLines.join('')).not.toContain(PASSWORD);
    expect(manager.logLines.join('')).not.toContain(csrf);
  });
});

describe('a session', () => {
  it('is refused without its CSRF token, from a foreign page, and to a foreign host name', async () => {
    await manager.signIn();
    expect((await newToken({ 'x-csrf-token': 'wrong' })).body.code).toBe('csrf_invalid');
    expect((await newToken({ origin: 'http://evil.example' })).body.code).toBe('origin_not_allowed');
    expect((await newToken({ 'sec-fetch-site': 'cross-site' })).body.code).toBe('origin_not_allowed');
    expect((await manager.call('GET', '/api/v1/nodes', undefined, { host: 'rebound.example' })).body.code).toBe('origin_not_allowed');
    expect((await newToken({ origin: `http://127.0.0.1:${manager.port}` })).status).toBe(201);
  });

  it('ends by signing out, by idleness and by age', async () => {
    await manager.signIn();
    const nodes = () => manager.call('GET', '/api/v1/nodes');
    expect((await nodes()).status).toBe(200);
    await manager.call('DELETE', '/api/v1/session');
    expect((await nodes()).body.code).toBe('not_signed_in');
    await manager.signIn();
    manager.clock.advance(2 * 3_600_000 + 1000);
    expect((await nodes()).body.code).toBe('not_signed_in');
  });

  it.each([
    '/api/v1/nodes',
    '/api/v1/stream',
    '/api/v1/releases/tidegate-edge',
    '/api/v1/session',
    `/api/v1/upgrades/${'0'.repeat(8)}-0000-4000-8000-000000000000`,
  ])('is needed for %s', async (path) => {
    expect((await manager.call('GET', path)).body.code).toBe('not_signed_in');
  });
});

describe('a problem', () => {
  it('names code, hint, fields and request id, and never a value', async () => {
    const answer = await manager.call('POST', '/api/v1/session', { username: 'x', password: 7, admin: true });
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status: 400, code: 'request_invalid', request_id: answer.headers['x-request-id'] });
    expect(answer.body.fields).toEqual(
      expect.arrayContaining([
        { path: 'password', rule: 'invalid_type' },
        { path: 'admin', rule: 'unrecognized_keys' },
      ]),
    );
  });

  it.each([
    ['malformed JSON', '{"username":', 400, 'request_invalid'],
    ['a body over its limit', `{"username":"${'x'.repeat(70_000)}"}`, 413, 'message_too_large'],
  ])('answers %s with its code', async (_, body, status, code) => {
    const answer = await manager.call('POST', '/api/v1/session', body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });
});
